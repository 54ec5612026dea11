/**
 * How fast the vector kernels run over the parameters of a GAN (2.54 million floats), from a received frame to the
 * result: the plain TypeScript, SIMD over ordinary vectors, SIMD over vectors that lie in its linear memory, and beside
 * them what the machine needs to copy such a frame. All variants of a kernel run in each round, in alternating order;
 * medians of the rounds, and the fastest, which says more on a machine with other work. The table goes to stderr, JSON
 * to stdout; about a minute.
 *
 *     npm run bench:kernels [-- ROUNDS [KERNEL]]     (all kernels, or those whose names begin so)
 */
import { performance } from 'node:perf_hooks';
import { countArgument, loadSource, machine, median, orderOf, pairedRatio, printTable, round } from './report.mjs';

const LENGTH = 2_540_032;
const MEGABYTES = (LENGTH * Float32Array.BYTES_PER_ELEMENT) / 1e6;
/** More frames than a last-level cache holds, as they arrive from a socket. */
const FRAMES = 12;
const WARM_UP = 4;
const SCALARS = { alpha: 1e-4, oneMinusBeta1: 0.5, oneMinusBeta2: 0.001, epsilon: 1e-7 };
const SGD_SCALARS = { rate: 1e-4, momentum: 0.9 };

const FORMATS = ['bf16', 'f16', 'int8'];
const WHOLE = { from: 0, to: LENGTH };
const ROUNDING = { key0: 1, key1: 2, first: 0 };

/** What each kernel does, and how many vectors of float32 it must at least read and write. */
const KERNELS = {
  add: { vectors: 3, run: (kernels, state, frame) => kernels.add(state.sum, frame.vector) },
  scale: { vectors: 2, run: (kernels, state) => kernels.scale(state.sum, -1) },
  measure: { vectors: 1, run: (kernels, _, frame) => kernels.measure(frame.vector, 0, LENGTH) },
  scaleMeasured: { vectors: 2, run: (kernels, state) => kernels.scaleMeasured(state.sum, state.sum, -1, WHOLE) },
  'scale, then measure': {
    vectors: 3,
    run: (kernels, { sum }) => {
      kernels.scale(sum, -1);
      kernels.measure(sum, 0, LENGTH);
    },
  },
  adam: { vectors: 7, run: (kernels, state, frame) => kernels.adam(state.parameters, state, frame.vector, SCALARS) },
  adamW: {
    vectors: 7,
    run: (kernels, state, { vector }) => kernels.adam(state.parameters, state, vector, { ...SCALARS, decay: 1e-6 }),
  },
  sgd: {
    vectors: 5,
    run: (kernels, state, { vector }) => kernels.sgd(state.parameters, vector, SGD_SCALARS, state.first),
  },
  ema: { vectors: 3, run: (kernels, state) => kernels.ema(state.sum, state.parameters, 0.999) },
  fingerprint: { vectors: 3, run: (kernels, s) => kernels.fingerprint([s.parameters, s.first, s.second]) },
  ...Object.assign({}, ...FORMATS.map(packingKernels)),
};
const COPY_VECTORS = 2;

const rounds = countArgument(process.argv[2], 21, 'bench:kernels takes the number of rounds, 1 or more');
const chosen = Object.keys(KERNELS).filter((name) => name.startsWith(process.argv[3] ?? ''));
if (chosen.length === 0) {
  console.error(`bench:kernels knows no kernel ${process.argv[3]}: there are ${Object.keys(KERNELS).join(', ')}`);
  process.exit(2);
}

const { packedElementBytes, packedExponents, referenceKernels, simdKernels } =
  await loadSource('libs/vector/src/index.ts');
const ordinary = (length) => new Float32Array(length);
const simd = simdKernels({ reserve: Array.from({ length: 8 }, () => LENGTH) });
const variants = {
  copy: null,
  reference: { kernels: referenceKernels, state: stateOf(ordinary) },
  simd: { kernels: simd, state: stateOf(ordinary) },
  'simd, in place': { kernels: simd, state: stateOf((length) => simd.allocate(length)) },
};
const frames = Array.from({ length: FRAMES }, (_, index) => frameOf(filled(ordinary, index + 10)));
const copied = new Float32Array(LENGTH);

const report = { length: LENGTH, rounds, machine: machine(), copy: undefined, kernels: {} };
const copies = [];
for (const name of chosen) {
  const kernel = KERNELS[name];
  const times = measureKernel(kernel);
  copies.push(...times.copy);
  report.kernels[name] = summaryOf(kernel, times);
}
report.copy = {
  ms: round(median(copies)),
  fastestMs: round(Math.min(...copies)),
  gigabytesPerSecond: bandwidth(COPY_VECTORS, median(copies)),
};
printTable(rowsOf(report));
console.log(JSON.stringify(report, null, 2));

/** The kernels of a packed format; a packed vector counts as the share of a float32 vector that it takes. */
function packingKernels(format) {
  const share = format === 'int8' ? 0.25 : 0.5;
  const named = (name, vectors, run) => [`${name} ${format}`, { vectors, run }];
  return Object.fromEntries([
    named('pack', 1 + share, (kernels, state, { vector }) =>
      kernels.pack(format, vector, state.packed[format], ROUNDING),
    ),
    named('unpack', 1 + share, (kernels, state, { packed }) => kernels.unpack(format, packed[format], state.sum)),
    named('addPacked', 3 * share, (kernels, state, { packed }) =>
      kernels.addPacked(format, state.packed[format], packed[format], ROUNDING),
    ),
    named('measurePacked', share, (kernels, _, { packed }) => kernels.measurePacked(format, packed[format])),
  ]);
}

/** Milliseconds of each variant, by round. */
function measureKernel({ run }) {
  const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  for (let index = -WARM_UP; index < rounds; index++) {
    const order = orderOf(Object.keys(variants), index);
    for (const [turn, name] of order.entries()) {
      const frame = frames[(((index + WARM_UP) * order.length + turn) * 5) % FRAMES];
      const variant = variants[name];
      const begin = performance.now();
      if (variant) run(variant.kernels, variant.state, frame);
      else copied.set(frame.vector);
      const end = performance.now();
      if (index >= 0) times[name].push(end - begin);
    }
  }
  return times;
}

function summaryOf({ vectors }, times) {
  const summary = { vectors };
  for (const name of Object.keys(variants)) {
    if (name === 'copy') continue;
    const ms = median(times[name]);
    summary[name] = {
      ms: round(ms),
      fastestMs: round(Math.min(...times[name])),
      gigabytesPerSecond: bandwidth(vectors, ms),
      // Paired: each round's time against the same round's.
      timesReference: round(pairedRatio(times.reference, times[name])),
      ofCopyBandwidth: round((pairedRatio(times.copy, times[name]) * vectors) / COPY_VECTORS),
    };
  }
  return summary;
}

function rowsOf({ copy, kernels }) {
  const rows = [['kernel', 'variant', 'ms', 'fastest', 'GB/s', 'x reference', 'of copy bandwidth']];
  rows.push(['copy', '', copy.ms.toFixed(2), copy.fastestMs.toFixed(2), copy.gigabytesPerSecond.toFixed(1), '', '']);
  for (const [name, { vectors: _, ...results }] of Object.entries(kernels)) {
    for (const [variant, { ms, fastestMs, gigabytesPerSecond, ...relative }] of Object.entries(results)) {
      rows.push([
        name,
        variant,
        ms.toFixed(2),
        fastestMs.toFixed(2),
        gigabytesPerSecond.toFixed(1),
        relative.timesReference.toFixed(1),
        `${Math.round(100 * relative.ofCopyBandwidth)} %`,
      ]);
    }
  }
  return rows;
}

function stateOf(allocate) {
  const second = filled(allocate, 3);
  second.forEach((value, index) => (second[index] = value * value));
  return {
    parameters: filled(allocate, 1),
    first: filled(allocate, 2),
    second,
    sum: filled(allocate, 4),
    packed: packedRuns(allocate),
  };
}

/** A received vector, as it is and packed. */
function frameOf(vector) {
  const packed = packedRuns(ordinary);
  for (const format of FORMATS) simd.pack(format, vector, packed[format], ROUNDING);
  return { vector, packed };
}

/** A run of zeros in each packed format. */
function packedRuns(allocate) {
  return Object.fromEntries(
    FORMATS.map((format) => {
      const valueBytes = LENGTH * packedElementBytes(format);
      const exponentBytes = packedExponents(format, LENGTH);
      const { buffer, byteOffset } = allocate(Math.ceil((valueBytes + exponentBytes) / 4));
      const values = new Uint8Array(buffer, byteOffset, valueBytes);
      return [format, { values, exponents: new Uint8Array(buffer, byteOffset + valueBytes, exponentBytes) }];
    }),
  );
}

/** A vector of numbers between -0.5 and 0.5, the same on every machine. */
function filled(allocate, seed) {
  const vector = allocate(LENGTH);
  for (let index = 0; index < LENGTH; index++) {
    vector[index] = (Math.imul(index + seed, 0x9e3779b1) >>> 8) / 2 ** 24 - 0.5;
  }
  return vector;
}

function bandwidth(vectors, ms) {
  return round((vectors * MEGABYTES) / ms);
}
