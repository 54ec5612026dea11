/**
 * Our training kernels against those that tfjs comes with, on what one GAN step of the `tutorial` preset with 64 images
 * really calls: the calls are recorded from a step, so the list is that of the model. For each backend two processes, one
 * with our kernels and one with the stock set, time every call in turn, one thread each. The table, by kernel over a whole
 * step, goes to stderr; JSON with every shape to stdout; most of the time is spent in one stock kernel.
 */
import { choices, count } from './harness/arguments.ts';
import { defineBenchmark } from './harness/benchmark.ts';
import { BenchmarkError } from './harness/errors.ts';
import type { Harness } from './harness/harness.ts';
import { machine } from './harness/machine.ts';
import { printTable, tell } from './harness/report.ts';
import { median, orderOf, pairedRatio, round } from './harness/statistics.ts';
import type { Asked, KernelSet, RecordedCase, StockBackend, Told } from './training-kernels/messages.ts';

const PRESET = 'tutorial';
/** A call is repeated for so long. */
const LEAST_MS = 20;
const SETS = ['own', 'stock'] as const satisfies readonly KernelSet[];
const BACKENDS = ['tensorflow', 'wasm'] as const satisfies readonly StockBackend[];

/** A call, and milliseconds of it by round. */
interface TimedCase extends RecordedCase {
  readonly times: Readonly<Record<KernelSet, number[]>>;
}

/** By kernel why the stock set cannot do it. */
type Lacks = ReadonlyMap<string, string>;

interface Row {
  readonly kernel: string;
  readonly calls: number;
  readonly ownMs: number;
  readonly lacks?: string;
  readonly stockMs?: number;
  readonly timesStock?: number;
}

export const benchmark = defineBenchmark({
  name: 'training-kernels',
  shows: 'Our training kernels beside those that tfjs comes with, on the calls of one GAN step.',
  lasts: 'about four minutes',
  words: {},
  flags: { rounds: count(5, 'rounds'), backends: choices(BACKENDS, 'backends') },
  run: async (harness, { rounds, backends: wanted }) => {
    const before = machine();
    const backends: Partial<Record<StockBackend, Awaited<ReturnType<typeof compare>>>> = {};
    for (const backend of wanted) backends[backend] = await compare(harness, backend, rounds);
    printTable([
      ['backend', 'kernel', 'calls a step', 'ms a step', 'stock ms a step', 'times stock'],
      ...Object.entries(backends).flatMap(([backend, { kernels }]) =>
        kernels.map(({ kernel, calls, ownMs, stockMs, timesStock }) => [
          backend,
          kernel,
          calls,
          ownMs.toFixed(2),
          stockMs?.toFixed(2) ?? 'not there',
          timesStock?.toFixed(2) ?? '',
        ]),
      ),
    ]);
    return { preset: PRESET, rounds, machine: before, backends };
  },
});

async function compare(harness: Harness, backend: StockBackend, rounds: number) {
  const start = () => harness.startProgram<Asked, Told>('training-kernels/kernels-process.ts');
  const children = { own: await start(), stock: await start() };
  for (const set of SETS) await children[set].ask({ type: 'load', backend, set }, 'loaded');
  const recorded = await children.own.ask({ type: 'record', preset: PRESET }, 'recorded');
  const cases: readonly TimedCase[] = recorded.cases.map((each) => ({ ...each, times: { own: [], stock: [] } }));
  const lacks = new Map<string, string>();
  for (let index = 0; index < rounds; index++) {
    for (const { kernel, convolution, operands, times } of cases) {
      for (const set of orderOf(SETS, index)) {
        if (lacks.has(kernel) && set === 'stock') continue;
        const question = { type: 'time', kernel, convolution, operands, leastMs: LEAST_MS } as const;
        const { outcome } = await children[set].ask(question, 'timed');
        if ('ms' in outcome) times[set].push(outcome.ms);
        else if (set === 'stock') lacks.set(kernel, outcome.lacks);
        else throw new BenchmarkError(outcome.lacks);
      }
    }
    tell(`${backend}, round ${index + 1} of ${rounds}`);
  }
  await Promise.all(SETS.map((set) => children[set].stop()));
  const names = [...new Set(cases.map(({ kernel }) => kernel))];
  const convolutions = cases.filter(({ convolution }) => convolution);
  const isComparable = convolutions.every(({ kernel }) => !lacks.has(kernel));
  return {
    kernels: [
      ...names.map((name) =>
        summaryOf(
          name,
          cases.filter(({ kernel }) => kernel === name),
          lacks,
        ),
      ),
      ...(isComparable ? [summaryOf('all of convolutions', convolutions, lacks)] : []),
    ],
    cases: cases.map(({ times, ...each }) => ({
      ...each,
      ownMs: round(median(times.own)),
      ...(lacks.has(each.kernel) ? { lacks: lacks.get(each.kernel) } : { stockMs: round(median(times.stock)) }),
    })),
  };
}

/** One kernel over all its calls of a step. */
function summaryOf(kernel: string, cases: readonly TimedCase[], lacks: Lacks): Row {
  const calls = cases.reduce((sum, each) => sum + each.calls, 0);
  const rounds = [...(cases.at(0)?.times.own.keys() ?? [])];
  const perStep = (set: KernelSet) =>
    rounds.map((index) => cases.reduce((sum, each) => sum + each.calls * each.times[set][index], 0));
  const own = perStep('own');
  const reason = lacks.get(kernel);
  if (reason !== undefined) return { kernel, calls, ownMs: round(median(own)), lacks: reason };
  const stock = perStep('stock');
  return {
    kernel,
    calls,
    ownMs: round(median(own)),
    stockMs: round(median(stock)),
    timesStock: round(pairedRatio(stock, own)),
  };
}
