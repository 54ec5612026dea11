/** Drives the rounds of a run, from the version it begins with to its last or to whatever ends it sooner. */
import type { TrainingState } from '@gradcast/optimizer';
import type { Fleet } from './fleet.ts';
import { PhaseTimer } from '../records/records.ts';
import { round } from '../round.ts';
import type { RoundOutcome } from '../round.ts';
import type { RunContext, Ended } from './context.ts';
import type { Telemetry } from '../records/telemetry.ts';
import type { Watch } from './watch.ts';

const STOPPED: Ended = { status: 'stopped', sentence: 'the run was stopped' };
const ALONE: Ended = { status: 'failed', sentence: 'every local worker has ended' };
const ABANDONED: Ended = { status: 'abandoned', sentence: 'no worker came' };

export async function train({ options, prepared, services }: RunContext): Promise<Ended> {
  const { config, stop, defects } = options;
  const { totalSteps, codec, kernels, state } = prepared;
  const { fleet, saving, watch, recorder, samples, telemetry } = services;
  const { terms } = fleet;
  publish(fleet, state);
  while (state.version < totalSteps) {
    await recorder.ahead(state.version + 1);
    const outcome = await round({
      terms,
      state,
      fleet,
      codec,
      kernels,
      lastVersion: totalSteps,
      onDivergence: config.onDivergence,
      timer: () => new PhaseTimer(),
    });
    if ('record' in outcome) recorder.closed(outcome.record, state.replica.fingerprint);
    const ended = after(outcome, { telemetry, stopping: stop.aborted, watch });
    if (ended && defects.sentence !== undefined) {
      telemetry.notice(defects.sentence);
      return { status: 'failed', sentence: defects.sentence };
    }
    if (ended) return ended;
    publish(fleet, state);
    saving.afterStep();
    const { sampleEvery } = config;
    if (sampleEvery && state.version % sampleEvery === 0 && state.version < totalSteps) {
      samples.draw(state.version, () => weightsOf(state));
    }
  }
  return { status: 'completed', sentence: 'the run is complete' };
}

interface Circumstances {
  readonly telemetry: Pick<Telemetry, 'closed' | 'notice'>;
  readonly stopping: boolean;
  readonly watch: Pick<Watch, 'gaveUp' | 'isAlone'>;
}

/** What a round's end means for the run; undefined to go on. */
function after(outcome: RoundOutcome, { telemetry, stopping, watch }: Circumstances): Ended | undefined {
  switch (outcome.kind) {
    case 'closed':
      telemetry.closed(outcome.record);
      return stopping ? STOPPED : undefined;
    case 'skipped':
      telemetry.notice(`${outcome.sentence}; the step was skipped`);
      return stopping ? STOPPED : undefined;
    case 'diverged':
      telemetry.notice(`${outcome.sentence}: the model diverged; try a smaller --lr`);
      return { status: 'diverged', sentence: outcome.sentence };
    case 'stopped':
      if (!watch.gaveUp) return STOPPED;
      return watch.isAlone ? ALONE : ABANDONED;
    default:
      return outcome satisfies never;
  }
}

/** Commits the state of a version: joiners may have it, and results are checked against it. */
function publish(fleet: Fleet, { replica, version, normBound, suspectNorm }: TrainingState): void {
  const { parameters, first, second } = replica.vectors;
  const vectors = [parameters, first, second];
  fleet.publish({ version, fingerprint: replica.fingerprint, vectors, normBound, suspectNorm });
}

/** The model's parameters with the weights that samples are drawn with, in memory of their own. */
export function weightsOf(state: TrainingState): Float32Array<ArrayBuffer> {
  const weights = Float32Array.from(state.vectors.parameters);
  weights.set(state.generatorWeights);
  return weights;
}
