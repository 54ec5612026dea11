/**
 * Where in a run's images the learning rate decays: as somebody says, or over the preset's share of the run, at its end. A run
 * that is resumed by its path says it by what it recorded, so a longer one keeps the bits that it has.
 */
import type { CoordinatorConfig } from '@gradcast/config';
import type { RunDefinition } from '@gradcast/definition';
import { globalBatch } from '@gradcast/schedule';
import type { Task, TaskDefaults } from '@gradcast/task';
import { CoordinatorError } from '../failure.ts';

export type Decay = Pick<RunDefinition, 'decayFromImages' | 'decayToImages'>;

export interface DecayOptions {
  readonly config: CoordinatorConfig;
  readonly task: Pick<TaskDefaults, 'recipe'>;
  /** Of the whole run. */
  readonly totalSteps: number;
}

/** @throws CoordinatorError `no-average` (exit 2) if a half-life is named of an average that the task does not keep. */
export function refuseAverage({ averageImages }: CoordinatorConfig, { name, average }: Pick<Task, 'name' | 'average'>) {
  if (averageImages === 0 || average) return;
  const sentence = `${name} keeps no moving average, which --average-images is about`;
  throw new CoordinatorError('no-average', sentence, { exitCode: 2 });
}

/** @throws CoordinatorError `decay-range` (exit 2) if it would begin at its end or behind it. */
export function decayOf({ config, task, totalSteps }: DecayOptions): Decay {
  if (config.lrSchedule === 'constant') return { decayFromImages: 0, decayToImages: 0 };
  const decayToImages = config.decayToImages ?? totalSteps * globalBatch(config);
  const { decayShare = 1 } = task.recipe ?? {};
  const decayFromImages = config.decayFromImages ?? Math.floor(decayToImages * (1 - decayShare));
  if (decayFromImages < decayToImages) return { decayFromImages, decayToImages };
  throw new CoordinatorError(
    'decay-range',
    `the learning rate is to decay from image ${decayFromImages}, but the run has ended by then, at image ${decayToImages}: ` +
      'set --decay-from-images or --decay-to-images',
    { exitCode: 2 },
  );
}

/** What a user is told of a run that is longer than its learning rate; undefined where it is not. */
export function standstill(definition: RunDefinition, totalSteps: number): string | undefined {
  const { lrSchedule, lrEndFactor, decayToImages } = definition;
  const images = totalSteps * globalBatch(definition);
  if (lrSchedule === 'constant' || lrEndFactor > 0 || images <= decayToImages) return undefined;
  return (
    `the learning rate of this run is 0 from image ${decayToImages} on, so the last ${images - decayToImages} of its ${images} ` +
    'change nothing; a new run of that length has a schedule of its own'
  );
}
