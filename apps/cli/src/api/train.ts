/** Runs that a program starts. */
import { availableParallelism, hostname } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processStarter } from '../child.ts';
import { reportWriter } from '../report-writer.ts';
import { startTraining } from './start-training.ts';
import type { TrainOptions } from './train-options.ts';
import type { TrainingRun } from './training-run.ts';

/**
 * Starts a run as `gradcast train` does, and resolves as soon as workers may join.
 *
 * @throws GradcastError if an option is refused or the run cannot begin.
 */
export function train(options: TrainOptions = {}): Promise<TrainingRun> {
  // The programs of coordinator and workers are built beside this one.
  const start = processStarter(dirname(fileURLToPath(import.meta.url)));
  const report = reportWriter(import.meta.url);
  return startTraining(options, { start, report, cores: availableParallelism(), hostname: hostname() });
}
