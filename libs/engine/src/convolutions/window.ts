/**
 * One axis of a convolution, and how its two gradients become convolutions themselves.
 *
 * A convolution reads `x[o * stride + k - before]` for output position `o` and filter tap `k`. Everything here is plain
 * integer arithmetic on that relation: no tensors, no backend.
 */

/** One spatial axis of a convolution; all lengths count pixels. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly filter: number;
  readonly stride: number;
  /** Padding before the first input pixel. */
  readonly before: number;
}

/** Taken as squares of `stride` pixels, output o reads the input's squares from o + `first` to o + `last`. */
export interface Reach {
  readonly first: number;
  readonly last: number;
}

export function reachOf({ filter, stride, before }: Axis): Reach {
  return { first: Math.floor(-before / stride), last: Math.floor((filter - 1 - before) / stride) };
}

/** Padding of a stride-1 convolution over an axis, and which of its outputs are wanted. */
export interface Pass {
  readonly before: number;
  readonly after: number;
  /** Outputs of the padded convolution to leave out at the front. */
  readonly skip: number;
}

/**
 * The filter gradient along one axis: `dw[k] = sum over o of x[o * stride + k - before] * dy[o]` is a convolution of `x`
 * with the filter `dy` dilated by the stride. It has at least `filter` outputs; more than that only where the last
 * input pixels were never read, and those are to be dropped.
 */
export function filterGradientPass({ input, output, filter, stride, before }: Axis): Pass {
  const reach = (output - 1) * stride + filter;
  return { before, after: Math.max(0, reach - before - input), skip: 0 };
}

/**
 * The input pixels `i` with `(i + before) mod stride = phase`: they meet the same filter taps `phase, phase + stride, …`, so
 * their gradient is one stride-1 convolution of `dy`.
 */
export interface Phase {
  readonly phase: number;
  /** First input pixel of the phase; the others follow at distance `stride`. */
  readonly first: number;
  /** Number of input pixels of the phase. */
  readonly count: number;
  /** Filter taps of the phase; 0 where the stride jumps over these pixels, whose gradient is then zero. */
  readonly taps: number;
  /** Output position that meets tap `phase` at the first pixel. */
  readonly origin: number;
}

/** Cuts an axis into its `stride` phases, leaving out those without a pixel. */
export function phasesOf({ input, filter, stride, before }: Axis): Phase[] {
  const phases: Phase[] = [];
  for (let phase = 0; phase < stride; phase++) {
    const first = (((phase - before) % stride) + stride) % stride;
    if (first >= input) continue;
    phases.push({
      phase,
      first,
      count: Math.ceil((input - first) / stride),
      taps: phase < filter ? Math.ceil((filter - phase) / stride) : 0,
      origin: (first + before - phase) / stride,
    });
  }
  return phases;
}

/**
 * Padding under which a convolution of `dy` with `taps` reversed taps yields, from output `skip` on, the gradients at
 * origins `origin … origin + count - 1`.
 */
export function inputGradientPass(output: number, window: { origin: number; count: number; taps: number }): Pass {
  const low = window.origin - window.taps + 1;
  const high = window.origin + window.count - 1;
  return { before: Math.max(0, -low), after: Math.max(0, high - output + 1), skip: Math.max(0, low) };
}
