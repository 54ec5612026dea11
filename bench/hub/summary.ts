/** What the turns of the hub's benchmark come to: medians, lines of memory, goals, the table. */
import type { CodecName } from '@gradcast/protocol';
import { line } from '../harness/fit.ts';
import type { Line } from '../harness/fit.ts';
import { median, pairedRatio, round, target } from '../harness/statistics.ts';
import type { Target } from '../harness/statistics.ts';
import { clientShares } from './turns.ts';
import type { bareTurn, coordinatorTurn } from './turns.ts';

/** Of the bare exchange's bytes per second. */
const SHARE_OF_BARE = 0.7;
/** How much faster steps with int8 are than with f32, and for how many workers. */
const INT8_GAIN = 3;
const INT8_WORKERS = 16;
/** The fewest numbers of workers that a line is laid through. */
const FEWEST = 3;

type Numbers = Readonly<Record<string, number | undefined>>;
export type CoordinatorTurn = Awaited<ReturnType<typeof coordinatorTurn>>;
export type BareTurn = Awaited<ReturnType<typeof bareTurn>>;

/** One round with one number of workers and one codec. */
export interface Turn {
  readonly workers: number;
  readonly codec: CodecName;
  readonly coordinator: CoordinatorTurn;
  readonly bare: BareTurn;
}

/** Medians of all rounds of one setting. */
export function summaryOf(turns: readonly Turn[], steps: number) {
  const [{ workers, codec }] = turns;
  const [coordinator, bare] = [turns.map((turn) => turn.coordinator), turns.map((turn) => turn.bare)];
  const speeds = (contestant: readonly { readonly gigabytesPerSecond: number }[]) =>
    contestant.map(({ gigabytesPerSecond }) => gigabytesPerSecond);
  return {
    workers,
    codec,
    clientProcesses: clientShares(workers).length,
    steps,
    coordinator: mediansOf(coordinator),
    bare: mediansOf(bare),
    ofBare: round(pairedRatio(speeds(coordinator), speeds(bare))),
  };
}

export type HubSummary = ReturnType<typeof summaryOf>;

/** Each member's median; all values have the same members. */
function mediansOf<T extends Numbers>(values: readonly T[]): T {
  const members = Object.keys(values[0]).map((member) => [
    member,
    round(median(values.map((value) => value[member] ?? NaN))),
  ]);
  return Object.fromEntries(members) as T;
}

export interface Memory {
  readonly steady: Line;
  readonly peak: Line;
}

/** Resident memory as a line over the number of workers, by codec. */
export function memoryOf(results: readonly HubSummary[], codecs: readonly CodecName[]) {
  const lines = codecs.flatMap((codec) => {
    const points = results.filter((result) => result.codec === codec);
    if (points.length < FEWEST) return [];
    const workers = points.map((point) => point.workers);
    const fit = (member: 'rssMb' | 'peakMb') =>
      line(
        workers,
        points.map(({ coordinator }) => coordinator[member]),
      );
    return [[codec, { steady: fit('rssMb'), peak: fit('peakMb') }] as const];
  });
  return Object.fromEntries(lines) as Readonly<Partial<Record<CodecName, Memory>>>;
}

export function targetsOf(
  results: readonly HubSummary[],
  memory: Readonly<Partial<Record<CodecName, Memory>>>,
  turns: readonly Turn[],
): readonly Target[] {
  const ofBare = results.map((result) =>
    target(
      `share of the bare exchange's bytes a second, ${result.codec}, ${result.workers} workers`,
      SHARE_OF_BARE,
      result.ofBare,
    ),
  );
  const linear = Object.entries(memory).map(([codec, { steady }]) =>
    target(`memory linear in the workers, R² of the line, ${codec}`, 0.95, steady.r2),
  );
  const ms = (codec: CodecName) =>
    turns
      .filter((turn) => turn.workers === INT8_WORKERS && turn.codec === codec)
      .map(({ coordinator }) => coordinator.msPerStep);
  const [f32, int8] = [ms('f32'), ms('int8')];
  const gain = f32.length > 0 && int8.length > 0 ? pairedRatio(f32, int8) : undefined;
  return [...ofBare, ...linear, target(`steps a second of int8 over f32, ${INT8_WORKERS} workers`, INT8_GAIN, gain)];
}

export function rowsOf(results: readonly HubSummary[]) {
  const head = ['codec', 'workers', 'ms a step', 'GB/s', 'bare ms', 'bare GB/s', 'of bare', 'results a step'];
  return [
    [...head, 'CPU ms a step', 'of it main', 'bare CPU ms', 'RSS MB', 'peak MB'],
    ...results.map(({ workers, codec, coordinator, bare, ofBare }) => [
      codec,
      workers,
      coordinator.msPerStep.toFixed(1),
      coordinator.gigabytesPerSecond.toFixed(2),
      bare.msPerStep.toFixed(1),
      bare.gigabytesPerSecond.toFixed(2),
      `${Math.round(100 * ofBare)} %`,
      coordinator.resultsPerStep.toFixed(1),
      coordinator.cpuMsPerStep.toFixed(1),
      'mainCpuMsPerStep' in coordinator ? coordinator.mainCpuMsPerStep.toFixed(1) : '',
      bare.cpuMsPerStep.toFixed(1),
      Math.round(coordinator.rssMb),
      Math.round(coordinator.peakMb),
    ]),
  ];
}
