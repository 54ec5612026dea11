/**
 * Uniform and normal numbers and permutations over Philox streams.
 *
 * Invariant: element p of a stream depends on (seed, stream, index, p) alone, so filling [a, b) and then [b, c) gives the
 * bits of filling [a, c), whoever fills which part.
 */
import { inverseNormal } from './elementary.ts';
import { multiplyHigh, Philox, RandomError } from './philox.ts';

/** What each stream of a run is for; a number is drawn from one stream only. */
export const STREAMS = {
  init: 1,
  noise: 2,
  permutation: 3,
  samples: 4,
  reference: 5,
  probe: 6,
  codec: 7,
  evaluation: 8,
} as const;

/** A place in a stream. */
export interface StreamPosition {
  /** Unsigned, below 2^53. */
  readonly seed: bigint | number;
  /** One of {@link STREAMS}. */
  readonly stream: number;
  /** Unsigned 32-bit id of a stream within the stream; 0 without it. */
  readonly index?: number;
  /** Index of the first element wanted; 0 without it. */
  readonly position?: number;
}

function fill(out: Float32Array, place: StreamPosition, value: (word: number) => number): void {
  const { seed, stream, index, position = 0 } = place;
  const philox = new Philox(seed, stream, index);
  if (!Number.isSafeInteger(position) || position < 0) {
    throw new RandomError('random-position', `a position must be a non-negative integer, not ${position}`);
  }
  const block = new Uint32Array(4);
  const phase = position % 4;
  const first = (position - phase) / 4;
  for (let done = -phase, n = 0; done < out.length; done += 4, n++) {
    philox.u32x4(first + n, block);
    for (let lane = Math.max(0, -done); lane < 4 && done + lane < out.length; lane++) {
      out[done + lane] = value(block[lane]);
    }
  }
}

/**
 * Fills with uniform numbers in [low, high), 24 random bits each; the range is [0, 1) without bounds. Where `high` is no
 * multiple of the spacing, the rounding to f32 may reach it.
 *
 * @throws RandomError `random-range` for bounds that are not finite or not in order, and those of {@link Philox}.
 */
export function fillUniform(out: Float32Array, place: StreamPosition & { low?: number; high?: number }): void {
  const { low = 0, high = 1 } = place;
  if (!(low <= high) || !Number.isFinite(high - low)) {
    throw new RandomError('random-range', `a range must have finite bounds in order, not ${low} and ${high}`);
  }
  const span = high - low;
  fill(out, place, (word) => low + span * ((word >>> 8) * 2 ** -24));
}

/**
 * Fills with numbers from N(0, 1), one 32-bit word each, through the inverse distribution function: none lies beyond
 * 6.4 standard deviations.
 *
 * @throws RandomError as {@link Philox}.
 */
export function fillNormal(out: Float32Array, place: StreamPosition): void {
  fill(out, place, (word) => inverseNormal((word + 0.5) * 2 ** -32));
}

/**
 * A uniformly drawn order of 0 .. n-1 (Fisher-Yates; bounded integers without bias after Lemire, "Fast Random Integer
 * Generation in an Interval", 2019). `index` tells one permutation of the stream from the next, such as an epoch.
 *
 * @throws RandomError `random-range` for an n that is no unsigned 32-bit integer, and those of {@link Philox}.
 */
export function permutation(n: number, place: Omit<StreamPosition, 'position'>): Uint32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32) {
    throw new RandomError('random-range', `a permutation needs a count from 0 to 2^32 - 1, not ${n}`);
  }
  const philox = new Philox(place.seed, place.stream, place.index);
  const block = new Uint32Array(4);
  let drawn = 0;
  const word = () => {
    if (drawn % 4 === 0) philox.u32x4(drawn / 4, block);
    return block[drawn++ % 4];
  };
  const below = (bound: number) => {
    const rejected = (2 ** 32 - bound) % bound;
    for (;;) {
      const x = word();
      if (Math.imul(x, bound) >>> 0 >= rejected) return multiplyHigh(x, bound);
    }
  };
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = below(i + 1);
    const held = order[i];
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
