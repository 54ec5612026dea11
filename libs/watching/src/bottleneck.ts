/** What holds a run back, in one sentence, with the flag that makes it less. Pure. */
import { printable } from '@gradcast/protocol';
import { PHASES, secondsOf } from './phases.ts';
import type { PhaseName, PhaseSeconds } from './phases.ts';

/**
 * What it is: workers compute, the coordinator is busy, vectors are under way, one worker is waited for, there are too few
 * micro-batches for the workers, or too few workers.
 */
export type BottleneckKind = 'compute' | 'hub' | 'network' | 'straggler' | 'leaves' | 'workers' | 'unknown';

export interface Finding {
  readonly kind: BottleneckKind;
  readonly sentence: string;
}

/** How a worker did in the steps that count; in any unit, as long as it is the same for all. */
export interface WorkerPart {
  readonly name: string;
  /** Micro-batches of it that were used. */
  readonly leaves: number;
  /** That its leases took, from grant to result. */
  readonly seconds: number;
}

export interface BottleneckFacts {
  /** Where the time of the steps that count went. */
  readonly phases: PhaseSeconds;
  /** Those that are there, also if they had nothing to do; none if nobody knows. */
  readonly workers: readonly WorkerPart[];
  /** Micro-batches of a step; NaN if nobody knows. */
  readonly leaves: number;
  /** How gradients travel, where that is known. */
  readonly codec?: string | undefined;
}

/** Steps that count: as many as decide who is fast. */
export const BOTTLENECK_STEPS = 64;

/** A phase that takes less than a fifth of the time is none: a run without it would be a quarter faster at best. */
const NOTABLE = 0.2;
/** A micro-batch that takes this many times as long as with the others is a straggler's, as on the page. */
const STRAGGLES = 1.5;
/** With so many micro-batches a worker, one more makes a step a fifth longer or less. */
const FEW_LEAVES = 4;
const MOST_NAME = 64;

const HUB: readonly PhaseName[] = ['adding', 'reduce', 'broadcast', 'optimizer', 'other'];

export function bottleneckOf(facts: BottleneckFacts): Finding {
  const share = sharesOf(facts.phases);
  if (!share) return { kind: 'unknown', sentence: 'It is too early to tell what holds the run back.' };
  const hub = HUB.reduce((sum, name) => sum + share[name], 0);
  const { network, straggler, idle } = share;
  // Waiting for workers goes before what workers are waited for, and a straggler before what it may be slow for.
  const largest = Math.max(idle, straggler, network, hub);
  if (largest < NOTABLE) return computing(facts, share.compute);
  if (largest === idle) {
    const some = `No worker had anything to compute ${percent(idle)} of the time`;
    return {
      kind: 'workers',
      sentence: `${some}: gradcast worker adds one, and --min-workers says without how many the run waits.`,
    };
  }
  if (largest === straggler) return waiting(facts, straggler);
  return largest === network ? moving(facts, network) : busy(share, hub);
}

/** Most of the time workers compute, as it should be: more of them help as long as there is something to do for each. */
function computing({ workers, leaves }: BottleneckFacts, compute: number): Finding {
  const most = `Workers compute ${percent(compute)} of the time`;
  const count = workers.length;
  if (count > 0 && isCount(leaves) && count >= leaves) {
    const few = `a step has only ${counted(leaves, 'micro-batch', 'es')} for ${counted(count, 'worker', 's')}`;
    return { kind: 'leaves', sentence: `${most}, but ${few}: ${MORE_LEAVES}.` };
  }
  const upTo = isCount(leaves) && count > 0 ? `, up to ${leaves},` : '';
  return { kind: 'compute', sentence: `${most}: more workers${upTo} make it faster (--workers, gradcast worker).` };
}

/** Steps wait for their last worker: it is slow, it has more to do than the others, or now this one takes longer and now that. */
function waiting({ workers, leaves }: BottleneckFacts, straggler: number): Finding {
  const lost = `${percent(straggler)} of the time all wait for the last worker`;
  const slow = slowest(workers);
  if (slow) {
    const name = printable(slow.name, MOST_NAME);
    const times = slow.times < 1000 ? slow.times.toFixed(1) : 'a thousand and more';
    return {
      kind: 'straggler',
      sentence: `${lost}, mostly ${name}, which takes ${times} times as long for a micro-batch: gradcast drain leaves its part to the others.`,
    };
  }
  const count = workers.filter((worker) => worker.leaves > 0).length;
  if (count > 0 && isCount(leaves) && leaves % count !== 0 && leaves / count < FEW_LEAVES) {
    return {
      kind: 'leaves',
      sentence: `${lost}, since ${leaves} micro-batches do not share out evenly among ${count} workers: ${MORE_LEAVES}.`,
    };
  }
  const none = count > 1 ? ', though none is much slower than the others' : '';
  return { kind: 'straggler', sentence: `${lost}${none}: ${FINER_LEAVES}.` };
}

function moving({ codec }: BottleneckFacts, network: number): Finding {
  const moved = `Vectors are under way ${percent(network)} of the time`;
  if (codec === 'int8') return { kind: 'network', sentence: `${moved}: ${LARGER_LEAVES}.` };
  const smaller =
    codec === 'f16' || codec === 'bf16'
      ? '--codec int8 halves them again'
      : '--codec f16 makes them half as large, int8 a quarter';
  return { kind: 'network', sentence: `${moved}: ${smaller}, which changes the run's numbers a little.` };
}

/** The coordinator has more to do than its workers. */
function busy(share: PhaseSeconds, hub: number): Finding {
  const took = `The coordinator itself takes ${percent(hub)} of the time`;
  if (share.other >= hub / 2) {
    const rare = '--save-seconds, --sample-every, --evaluate-every and --log-interval make that rarer';
    return { kind: 'hub', sentence: `${took}, mostly for records, checkpoints and samples: ${rare}.` };
  }
  return { kind: 'hub', sentence: `${took}, adding results and making averages: ${LARGER_LEAVES}.` };
}

const MORE_LEAVES = "more --micro-batches would help, which changes the run's numbers";
const FINER_LEAVES = "more --micro-batches share the work out more evenly, which changes the run's numbers";
const LARGER_LEAVES =
  "a larger --global-batch with as many --micro-batches gives workers more to compute for each vector, which changes the run's numbers";

/** The worker that takes longest for a micro-batch, if that is much longer than the middle of the others does. */
function slowest(workers: readonly WorkerPart[]): { readonly name: string; readonly times: number } | undefined {
  const known = workers
    .map(({ name, leaves, seconds }) => ({ name, each: seconds / leaves }))
    .filter(({ each }) => each > 0 && each < Infinity)
    .sort((a, b) => a.each - b.each);
  const last = known.at(-1);
  if (!last || known.length < 2) return undefined;
  const middle = known[(known.length - 1) >> 1];
  const times = last.each / (middle === last ? known[0] : middle).each;
  return times >= STRAGGLES ? { name: last.name, times } : undefined;
}

/** Each phase's share; undefined if there is nothing to share. */
function sharesOf(phases: PhaseSeconds): PhaseSeconds | undefined {
  const sound = Object.fromEntries(PHASES.map((name) => [name, phases[name] > 0 ? phases[name] : 0])) as Record<
    PhaseName,
    number
  >;
  const all = secondsOf(sound);
  if (!(all > 0 && all < Infinity)) return undefined;
  return Object.fromEntries(PHASES.map((name) => [name, sound[name] / all])) as Record<PhaseName, number>;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function counted(count: number, what: string, many: string): string {
  return `${count} ${what}${count === 1 ? '' : many}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
