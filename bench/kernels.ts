/**
 * How fast the vector kernels run over the parameters of a GAN (2.54 million floats), from a received frame to the
 * result: the plain TypeScript, SIMD over ordinary vectors, SIMD over vectors that lie in its linear memory, and beside
 * them what the machine needs to copy such a frame. All variants of a kernel run in each round, in alternating order;
 * medians of the rounds, and the fastest, which says more on a machine with other work.
 */
import { performance } from 'node:perf_hooks';
import { referenceKernels, simdKernels } from '@gradcast/vector';
import { count, optional } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import { machine } from './harness/machine.ts';
import { printTable } from './harness/report.ts';
import { median, orderOf, pairedRatio, round } from './harness/statistics.ts';
import { KERNELS } from './kernels/kernels.ts';
import type { Kernel, Variant } from './kernels/kernels.ts';
import { filled, frameOf, LENGTH, ordinary, stateOf } from './kernels/memory.ts';
import type { Frame } from './kernels/memory.ts';

const MEGABYTES = (LENGTH * Float32Array.BYTES_PER_ELEMENT) / 1e6;
/** More frames than a last-level cache holds, as they arrive from a socket. */
const FRAMES = 12;
const WARM_UP = 4;
const COPY_VECTORS = 2;
const KERNEL_VARIANTS = ['reference', 'simd', 'simd, in place'] as const;
const VARIANTS = ['copy', ...KERNEL_VARIANTS] as const;

type VariantName = (typeof VARIANTS)[number];
type Times = Readonly<Record<VariantName, number[]>>;

interface Stage {
  /** Null copies a frame. */
  readonly variants: Readonly<Record<VariantName, Variant | null>>;
  readonly frames: readonly Frame[];
  readonly copied: Float32Array;
}

export const benchmark = defineBenchmark({
  name: 'kernels',
  shows: 'Speed of the vector kernels, plain and SIMD, beside a copy of the same bytes.',
  lasts: 'about a minute',
  words: {
    rounds: count(21, 'rounds'),
    kernel: optional('NAME', 'kernels whose names begin so (all)'),
  },
  flags: {},
  run: async (harness, { rounds, kernel: wanted = '' }) => {
    const chosen = Object.entries(KERNELS).filter(([name]) => name.startsWith(wanted));
    if (chosen.length === 0) {
      const known = Object.keys(KERNELS).join(', ');
      throw new BenchmarkError(`bench:kernels knows no kernel ${wanted}: there are ${known}`, { exitCode: 2 });
    }
    const stage = prepare();
    const before = machine();
    const copies: number[] = [];
    const kernels: Record<string, ReturnType<typeof summaryOf>> = {};
    for (const [name, kernel] of chosen) {
      const times = measure(stage, kernel, rounds);
      copies.push(...times.copy);
      kernels[name] = summaryOf(kernel, times);
      await harness.breathe();
    }
    const copy = {
      ms: round(median(copies)),
      fastestMs: round(Math.min(...copies)),
      gigabytesPerSecond: bandwidth(COPY_VECTORS, median(copies)),
    };
    const report = { length: LENGTH, rounds, machine: before, copy, kernels };
    printTable(rowsOf(report));
    return report;
  },
});

function prepare(): Stage {
  const simd = simdKernels({ reserve: Array.from({ length: 8 }, () => LENGTH) });
  return {
    variants: {
      copy: null,
      reference: { kernels: referenceKernels, state: stateOf(ordinary, simd) },
      simd: { kernels: simd, state: stateOf(ordinary, simd) },
      'simd, in place': { kernels: simd, state: stateOf((length) => simd.allocate(length), simd) },
    },
    frames: Array.from({ length: FRAMES }, (_, index) => frameOf(filled(ordinary, index + 10), simd)),
    copied: new Float32Array(LENGTH),
  };
}

/** Milliseconds of each variant, by round. */
function measure({ variants, frames, copied }: Stage, { run }: Kernel, rounds: number): Times {
  const times: Times = { copy: [], reference: [], simd: [], 'simd, in place': [] };
  for (let index = -WARM_UP; index < rounds; index++) {
    for (const [turn, name] of orderOf(VARIANTS, index).entries()) {
      const frame = frames[(((index + WARM_UP) * VARIANTS.length + turn) * 5) % FRAMES];
      const variant = variants[name];
      const begin = performance.now();
      if (variant) run(variant, frame);
      else copied.set(frame.vector);
      const end = performance.now();
      if (index >= 0) times[name].push(end - begin);
    }
  }
  return times;
}

function summaryOf({ vectors }: Kernel, times: Times) {
  const variant = (name: VariantName) => {
    const ms = median(times[name]);
    return {
      ms: round(ms),
      fastestMs: round(Math.min(...times[name])),
      gigabytesPerSecond: bandwidth(vectors, ms),
      // Paired: each round's time against the same round's.
      timesReference: round(pairedRatio(times.reference, times[name])),
      ofCopyBandwidth: round((pairedRatio(times.copy, times[name]) * vectors) / COPY_VECTORS),
    };
  };
  const variants = {
    reference: variant('reference'),
    simd: variant('simd'),
    'simd, in place': variant('simd, in place'),
  };
  return { vectors, ...variants };
}

interface Report {
  readonly copy: { readonly ms: number; readonly fastestMs: number; readonly gigabytesPerSecond: number };
  readonly kernels: Readonly<Record<string, ReturnType<typeof summaryOf>>>;
}

function rowsOf({ copy, kernels }: Report) {
  return [
    ['kernel', 'variant', 'ms', 'fastest', 'GB/s', 'x reference', 'of copy bandwidth'],
    ['copy', '', copy.ms.toFixed(2), copy.fastestMs.toFixed(2), copy.gigabytesPerSecond.toFixed(1), '', ''],
    ...Object.entries(kernels).flatMap(([name, kernel]) =>
      KERNEL_VARIANTS.map((variant) => {
        const { ms, fastestMs, gigabytesPerSecond, timesReference, ofCopyBandwidth } = kernel[variant];
        return [
          name,
          variant,
          ms.toFixed(2),
          fastestMs.toFixed(2),
          gigabytesPerSecond.toFixed(1),
          timesReference.toFixed(1),
          `${Math.round(100 * ofCopyBandwidth)} %`,
        ];
      }),
    ),
  ];
}

function bandwidth(vectors: number, ms: number): number {
  return round((vectors * MEGABYTES) / ms);
}
