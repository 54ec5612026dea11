/**
 * The end of a run: the last checkpoint, the shutdown drain, the last grid, the summary.
 *
 * Invariant: a run is called completed only once its last state is safe on the disk.
 */
import type { Summary } from '@gradcast/config';
import { RunError } from '@gradcast/files';
import { RETURN_MS } from '../membership/drain.ts';
import type { Saving } from '../records/saving.ts';
import { summarize } from '../records/summary.ts';
import { weightsOf } from './training.ts';
import type { RunContext, Ended } from './context.ts';

/** Long enough that workers who come back at the last moment still hear that the run is done. */
const LINGER_MS = RETURN_MS + 1_000;

/** Tries for the last checkpoint: a thread that died under the first is replaced for the second. */
const LAST_TRIES = 3;

export async function finish({ status: reached, sentence }: Ended, context: RunContext): Promise<Summary> {
  const { config } = context.options;
  const { state, totalSteps, beginning } = context.prepared;
  const { fleet, saving, telemetry, samples } = context.services;
  const { folder } = beginning;
  const isSafe = await saveLast(saving);
  if (!isSafe) telemetry.notice('the last checkpoint could not be written; --resume goes on from the one before it');
  const status = endOf(reached, isSafe);
  // A stopped run may come back: its workers are not sent home, they try to reach it again.
  const isOver = status === 'completed' || status === 'diverged';
  const drained = isOver ? fleet.dismiss(sentence, LINGER_MS) : Promise.resolve();
  if (status === 'completed' && config.sampleEvery !== null) {
    await samples.drawLast(state.version, () => weightsOf(state));
  }
  await drained;
  const summary = summarize({ status, config, folder, totalSteps, state, telemetry, samples: samples.newest });
  try {
    await folder.writeSummary({ ...summary, learningRate: config.learningRate });
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    telemetry.notice(error.message);
  }
  return summary;
}

/** What may be said of a run that reached an end. */
export function endOf(reached: Summary['status'], isSafe: boolean): Summary['status'] {
  return reached === 'completed' && !isSafe ? 'failed' : reached;
}

async function saveLast(saving: Pick<Saving, 'now'>): Promise<boolean> {
  for (let attempt = 0; attempt < LAST_TRIES; attempt++) if (await saving.now()) return true;
  return false;
}
