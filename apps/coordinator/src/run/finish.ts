/**
 * The end of a run: the last checkpoint, the shutdown drain, the last grid, the last evaluation, the summary.
 *
 * Invariant: a run is called completed only once its last state is safe on the disk.
 */
import type { StoppedEarly, Summary } from '@gradcast/config';
import { RunError } from '@gradcast/files';
import { RETURN_MS } from '../membership/drain.ts';
import type { Saving } from '../records/saving.ts';
import { summarize } from '../records/summary.ts';
import type { RunContext } from './context.ts';
import { isComplete, sentenceOfEnd } from './control.ts';

/** Long enough that workers who come back at the last moment still hear that the run is done. */
const LINGER_MS = RETURN_MS + 1_000;

/** Tries for the last checkpoint: a thread that died under the first is replaced for the second. */
const LAST_TRIES = 3;

/** Needs run control to be stopping or draining; leaves it in a final state. */
export async function finish({ options, prepared, services }: RunContext): Promise<Summary> {
  const { config, control } = options;
  const { definition, state, totalSteps, beginning } = prepared;
  const { fleet, saving, telemetry, outputs, evaluations } = services;
  const { folder } = beginning;
  if (!(await saveLast(saving))) {
    telemetry.notice('the last checkpoint could not be written; --resume goes on from the one before it');
    control.apply({ kind: 'disk' });
  }
  const { ending } = control.state;
  // A stopped run may come back: its workers are not sent home, they try to reach it again.
  const isOver = isComplete(ending) || ending?.kind === 'diverged';
  const drained = ending && isOver ? fleet.dismiss(sentenceOfEnd(ending), LINGER_MS) : Promise.resolve();
  if (isComplete(ending) && config.sampleEvery !== null) {
    await outputs.showLast(state.version, () => state.averagedParameters);
  }
  if (isComplete(ending) && config.evaluateEvery > 0) {
    await evaluations.evaluateLast(state.version, () => state.averagedParameters);
  }
  telemetry.writeQuality(state.version);
  await drained;
  const status = control.end();
  const stoppedEarly = ending?.kind === 'early-stop' ? stopOf(ending) : null;
  const run = { status, definition, folder, totalSteps, state, stoppedEarly };
  const summary = summarize({ ...run, telemetry, outputs, evaluations });
  try {
    await folder.writeSummary(summary);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    telemetry.notice(error.message);
  }
  return summary;
}

function stopOf({ metric, best, bestStep, waited }: StoppedEarly): StoppedEarly {
  return { metric, best, bestStep, waited };
}

async function saveLast(saving: Pick<Saving, 'now'>): Promise<boolean> {
  for (let attempt = 0; attempt < LAST_TRIES; attempt++) if (await saving.now()) return true;
  return false;
}
