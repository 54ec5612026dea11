/**
 * One step of synchronous data parallel training, every stage in order. A newcomer who reads only this file knows what the
 * system does.
 *
 *     verdict -> stream -> leases -> gradients -> tree -> mean -> clip -> average -> every replica steps -> records
 *
 * Invariant: what a step computes depends on the state at its version and on stream positions alone. Workers, time and
 * the network decide only how long it takes.
 */
import { globalBatch } from '@gradcast/schedule';
import type { TrainingState } from '@gradcast/optimizer';
import type { GradientCodec } from '@gradcast/reduction';
import { advance, judge } from '@gradcast/step';
import { freeMemory } from '@gradcast/tensors';
import type { VectorKernels } from '@gradcast/vector';
import type { Verdict } from './run/early-stop.ts';
import type { RunTerms } from './membership/run-terms.ts';
import type { Fleet } from './run/fleet.ts';
import type { OpenStep } from './leasing/open-step.ts';
import type { ClosedRecord, StageTimer, StepRecord } from './records/records.ts';
import type { StepAccounts } from './records/step-accounts.ts';

export interface Stages {
  readonly terms: RunTerms;
  readonly state: TrainingState;
  readonly fleet: Pick<Fleet, 'open' | 'prepare' | 'broadcast'>;
  readonly codec: GradientCodec;
  readonly kernels: VectorKernels;
  /** Versions at which no further step is opened. */
  readonly lastVersion: number;
  /** Whether the step at a version may be opened ahead: not while a pause is asked for, nor before a verdict there. */
  readonly mayOpen: (version: number) => boolean;
  /** Whether the run goes on from its version: `--early-stop`. */
  readonly verdict: () => Verdict | Promise<Verdict>;
  readonly onDivergence: 'stop' | 'skip';
  /** The state has taken its step with this average, which is good until this returns. */
  readonly averaged: (average: Float32Array) => void;
  readonly timer: () => StageTimer;
  /** Where the time of steps goes. */
  readonly accounts: Pick<StepAccounts, 'close'>;
}

/** How a round ended. */
export type RoundOutcome =
  | { readonly kind: 'closed'; readonly record: StepRecord }
  | { readonly kind: 'skipped'; readonly sentence: string; readonly record: ClosedRecord }
  | { readonly kind: 'diverged'; readonly sentence: string }
  | { readonly kind: 'stopped' }
  /** No step was opened: samples got no better for long enough. */
  | { readonly kind: 'enough' }
  /** No step was opened: the run was paused or stopped before the verdict. */
  | { readonly kind: 'held' };

/** How long the broadcast may hold the optimizer step back: the replicas go first, this one is needed later. */
const BROADCAST_HEAD_START_MS = 25;

export async function round(stages: Stages): Promise<RoundOutcome> {
  const { state, fleet, codec, kernels, terms } = stages;
  const { version } = state;
  const samples = globalBatch(terms);
  const hasNext = () => version + 1 < stages.lastVersion && stages.mayOpen(version + 1);

  // Verdict: with early stopping, every so many steps, samples are given to be scored, and the scores of as many steps before take
  // effect, which the run waits for if need be. An evaluation runs beside the steps.
  const asked = stages.verdict();
  const verdict = typeof asked === 'string' ? asked : await asked;
  if (verdict !== 'goes-on') return { kind: verdict };

  // Stream and leases: the step's micro-batches go out, as contiguous ranges of leaves.
  const timer = stages.timer();
  const step = fleet.open(version);
  if (hasNext()) fleet.prepare(version + 1);
  timer.mark('lease');

  // Gradients and tree: results come back in any order and are summed along the fixed tree, which is
  // libs/reduction/src/gradient-tree.ts.
  const outcome = await step.closed;
  if (outcome.kind === 'stopped') return { kind: 'stopped' };
  timer.mark('gather');

  // Mean, encoded once, and the one place where divergence is told: from the whole sum, so it depends on the data alone.
  const judged = judge(outcome.sum, { codec, state, leaves: terms.microBatches });
  timer.mark('reduce');
  if (judged.divergence !== undefined) return diverge(stages, judged.divergence, { step, timer });

  // Average and broadcast: to every replica; the next step's leases follow at its heels.
  const { learningRate } = state;
  const scalars = state.stepScalars();
  const broadcast = fleet.broadcast(version, judged.encoded, scalars);
  const next = hasNext() ? fleet.open(version + 1) : undefined;
  await headStart(broadcast);
  timer.mark('broadcast');

  // Optimizer: the coordinator's replica takes the very step that every other takes, with what they decode.
  const { averageFingerprint, average, normClipped } = advance(judged, { codec, state, kernels, scalars, samples });
  timer.mark('optimizer');

  // Records: what the ledger, the metrics and the progress line are told. Who looks at the average copies it.
  stages.averaged(average);
  void broadcast.then(() => freeMemory(judged.encoded));
  const { tail, norms } = judged;
  const { history, exact, leaseRecords: leases } = step;
  const timings = timer.done();
  const account = stages.accounts.close({ step, leases, timer, next });
  return {
    kind: 'closed',
    record: {
      version: state.version,
      samples,
      learningRate,
      tail,
      norms,
      timings,
      account,
      averageFingerprint,
      history,
      leases,
      normClipped,
      exact,
    },
  };
}

/** A diverged step is skipped by everyone alike, or ends the run. */
async function diverge(
  stages: Stages,
  sentence: string,
  { step, timer }: { readonly step: OpenStep; readonly timer: StageTimer },
): Promise<RoundOutcome> {
  const { state, fleet, terms, onDivergence } = stages;
  if (onDivergence === 'stop') return { kind: 'diverged', sentence };
  const broadcast = fleet.broadcast(state.version, null, null);
  const samples = globalBatch(terms);
  state.skip(samples);
  await headStart(broadcast);
  timer.mark('broadcast');
  const { history, exact, leaseRecords: leases } = step;
  const timings = timer.done();
  const account = stages.accounts.close({ step, leases, timer });
  return {
    kind: 'skipped',
    sentence,
    record: { version: state.version, samples, averageFingerprint: null, history, leases, timings, account, exact },
  };
}

async function headStart(broadcast: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => (timer = setTimeout(resolve, BROADCAST_HEAD_START_MS)));
  await Promise.race([broadcast, patience]);
  clearTimeout(timer);
}
