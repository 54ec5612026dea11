/**
 * Where the time of a run's steps went, as files of its folder have it. What is read is checked and bounded: anybody may have written
 * it.
 */
import { PHASES } from '@gradcast/config';
import type { PhaseName, PhaseSeconds, RunPhases, WorkerPhases, WorkerSeconds } from '@gradcast/config';
import { member, number, word } from './logged-event.ts';

export { PHASES } from '@gradcast/config';
export type { PhaseName, PhaseSeconds, RunPhases, WorkerPhases, WorkerSeconds } from '@gradcast/config';

/** What people read of each. */
export const PHASE_WORDS: Readonly<Record<PhaseName, string>> = {
  compute: 'computing',
  network: 'network',
  straggler: 'waiting for the last worker',
  adding: 'adding',
  reduce: 'averaging',
  broadcast: 'broadcast',
  optimizer: 'optimizer',
  other: 'records and the rest',
  idle: 'nobody computes',
};

/** Workers of a summary that are looked at. */
const MOST_WORKERS = 64;

/** What a line of `metrics.jsonl` says of the steps since the line before; undefined if it says nothing, as those of earlier versions. */
export function phasesOfLine(line: unknown): PhaseSeconds | undefined {
  return phasesOf((name) => number(line, `phase_${name}_seconds`));
}

export function sumPhases(each: Iterable<PhaseSeconds>): PhaseSeconds {
  const sum = Object.fromEntries(PHASES.map((name) => [name, 0])) as Record<PhaseName, number>;
  for (const phases of each) for (const name of PHASES) sum[name] += phases[name];
  return sum;
}

/** All phases together. */
export function secondsOf(phases: PhaseSeconds): number {
  return PHASES.reduce((sum, name) => sum + phases[name], 0);
}

export interface PhaseShare {
  readonly name: PhaseName;
  readonly seconds: number;
  /** Of all phases, 0 to 1. */
  readonly share: number;
}

/** Those that took time, in the order of {@link PHASES}. */
export function phaseShares(phases: PhaseSeconds): PhaseShare[] {
  const all = secondsOf(phases);
  if (!(all > 0 && all < Infinity)) return [];
  return PHASES.map((name) => ({ name, seconds: phases[name], share: phases[name] / all })).filter(
    ({ seconds }) => seconds > 0,
  );
}

/** What a `summary.json` says; undefined if it says nothing, as those of earlier versions. */
export function phasesOfSummary(summary: unknown): RunPhases | undefined {
  const said = member(summary, 'phases');
  const total = phasesOf((name) => number(member(said, 'total'), name));
  if (!total) return undefined;
  const workers = member(said, 'workers');
  const rest = member(said, 'rest');
  const others = countOf(number(rest, 'workers'));
  return {
    steps: countOf(number(said, 'steps')),
    seconds: secondsOf(total),
    total,
    workers: (Array.isArray(workers) ? (workers as unknown[]) : []).slice(0, MOST_WORKERS).map(workerOf),
    rest: others > 0 ? { workers: others, leaves: countOf(number(rest, 'leaves')), ...partsOf(rest) } : null,
  };
}

function workerOf(said: unknown): WorkerPhases {
  return { worker: word(said, 'worker'), leaves: countOf(number(said, 'leaves')), ...partsOf(said) };
}

function partsOf(said: unknown): WorkerSeconds {
  const part = (name: string) => timeOf(number(said, name));
  return {
    compute: part('compute'),
    network: part('network'),
    overdue: part('overdue'),
    waiting: part('waiting'),
  };
}

function phasesOf(value: (name: PhaseName) => number): PhaseSeconds | undefined {
  const values = PHASES.map((name) => [name, value(name)] as const);
  if (!values.some(([, seconds]) => Number.isFinite(seconds))) return undefined;
  return Object.fromEntries(values.map(([name, seconds]) => [name, timeOf(seconds)])) as Record<PhaseName, number>;
}

/** More seconds than any run takes, and few enough to be added up. */
const MOST_SECONDS = 1e12;

function timeOf(seconds: number): number {
  return seconds > 0 ? Math.min(seconds, MOST_SECONDS) : 0;
}

function countOf(value: number): number {
  return value > 0 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : 0;
}
