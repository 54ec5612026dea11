/** Whether a judge can score what a run draws, and which of its scores decide when it ends. */
import type { CoordinatorConfig } from '@gradcast/config';
import type { DatasetFacts } from '@gradcast/dataset';
import type { RunDefinition } from '@gradcast/definition';
import { isJudged, judgesOf, whoHasJudges } from '@gradcast/judge';
import type { Task } from '@gradcast/task';
import { CoordinatorError } from '../failure.ts';

/** The evaluations that early stopping looks at, as the run's definition has them: none where it is off. */
export function evaluationsLookedAt({
  earlyStop,
  evaluateEvery,
  evaluateCount,
}: Pick<CoordinatorConfig, 'earlyStop' | 'evaluateEvery' | 'evaluateCount'>): Pick<
  RunDefinition,
  'earlyStopEvery' | 'earlyStopCount'
> {
  if (earlyStop === 'none') return { earlyStopEvery: 0, earlyStopCount: 0 };
  return { earlyStopEvery: evaluateEvery, earlyStopCount: evaluateCount };
}

/** @throws CoordinatorError `early-stop-judge` (exit 2) if no judge could ever score the samples that `--early-stop` looks at. */
export function refuseEarlyStop(
  { earlyStop }: Pick<CoordinatorConfig, 'earlyStop'>,
  { name, output }: Pick<Task, 'name' | 'output'>,
  { sha256, title }: Pick<DatasetFacts, 'title'> & { readonly sha256: string },
): void {
  if (earlyStop === 'none') return;
  const refuse = (why: string) =>
    new CoordinatorError('early-stop-judge', `--early-stop ${earlyStop} looks at scores of samples, and ${why}`, {
      exitCode: 2,
    });
  if (!isJudged(output)) {
    throw refuse(`${name} draws no images that a judge reads`);
  }
  if (judgesOf(sha256).length === 0) throw refuse(`there is no judge for ${title}: ${whoHasJudges()}`);
}
