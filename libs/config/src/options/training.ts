/** What is trained and for how long. Flags that decide a run's bits stand in `@gradcast/definition`. */
import { DEFINITION_FLAGS, SCHEDULE_IMAGES_LIMIT } from '@gradcast/definition';
import type { FlagGroup } from '@gradcast/definition';
import { taskNames } from '@gradcast/tasks';
import { AUTO_BATCH } from '../batches.ts';
import { RUNS } from '../options.ts';
import type { OptionSpec } from '../options.ts';

/** What the definition does not know of its flags: the tasks that there are, and who else takes them. */
const BESIDES: Readonly<Record<string, Partial<OptionSpec>>> = {
  preset: { type: { kind: 'choice', choices: taskNames } },
  seed: { commands: [...RUNS, 'sample', 'interpolate', 'evaluate'] },
};

/** The flags of the definition in one group of help. */
export function definitionFlags(group: FlagGroup): OptionSpec[] {
  const ofGroup = DEFINITION_FLAGS.filter((flag) => flag.group === group);
  return ofGroup.map(({ name, aliases, kind, default: usual, help }) => {
    const fallback =
      typeof usual === 'function' ? { defaultNote: "the preset's" } : usual === null ? {} : { default: usual };
    return { name, aliases, type: kind, group, commands: RUNS, ...fallback, help, ...BESIDES[name] };
  });
}

export const TRAINING_OPTIONS: readonly OptionSpec[] = [
  ...definitionFlags('What to train'),
  {
    name: 'task',
    type: { kind: 'text', shows: 'FILE' },
    group: 'What to train',
    commands: [...RUNS, 'worker', 'sample', 'interpolate', 'export', 'evaluate', 'verify', 'replay'],
    help: 'A task of your own, one TypeScript file, in place of --preset; coordinator and workers need the same',
  },
  {
    name: 'data',
    type: { kind: 'text', shows: 'DIR' },
    group: 'What to train',
    commands: ['train', 'coordinator', 'evaluate', 'replay'],
    defaultNote: 'MNIST',
    help: 'Folder with another data set: idx files, .npy files, or PNG images in a folder for each class',
  },
  {
    name: 'steps',
    aliases: ['max-steps'],
    type: { kind: 'integer', min: 1, max: 2 ** 31 - 1 },
    group: 'What to train',
    commands: RUNS,
    defaultNote: "the preset's",
    help: 'Length of the run in optimizer steps, counted from its very start',
  },
  {
    name: 'epochs',
    type: { kind: 'integer', min: 1, max: 1_000_000 },
    group: 'What to train',
    commands: RUNS,
    help: 'Length of the run in passes over the data, instead of --steps',
  },
  {
    name: 'for',
    type: { kind: 'time' },
    group: 'What to train',
    commands: ['train'],
    help: 'Length of the run in time, such as 90s, 10m or 1h30m: some steps are measured first, then as many as fit are taken',
  },
  {
    name: 'global-batch',
    aliases: ['global-batch-size'],
    type: { kind: 'integer', min: 1, max: 2 ** 24, or: AUTO_BATCH },
    group: 'Batches and optimizer',
    commands: RUNS,
    defaultNote: "the preset's",
    help:
      'Images of one step, over all workers: micro-batches times images of each. Alone it changes the number of ' +
      'micro-batches, with --micro-batches their size; auto, for train, measures its workers and takes enough micro-batches to keep ' +
      'them busy',
  },
  ...definitionFlags('Batches and optimizer'),
  {
    name: 'decay-from-images',
    type: { kind: 'integer', min: 0, max: SCHEDULE_IMAGES_LIMIT },
    group: 'Batches and optimizer',
    commands: RUNS,
    defaultNote: "the preset's share of the run",
    help: 'Images of the run at which the learning rate begins to decay',
  },
  {
    name: 'decay-to-images',
    type: { kind: 'integer', min: 1, max: SCHEDULE_IMAGES_LIMIT },
    group: 'Batches and optimizer',
    commands: RUNS,
    defaultNote: 'the last of the run',
    help: 'Images of the run at which the decay of the learning rate ends',
  },
  {
    name: 'on-divergence',
    type: { kind: 'choice', choices: ['stop', 'skip'] },
    group: 'Batches and optimizer',
    commands: RUNS,
    default: 'stop',
    help: 'When a step is not finite: stop with a checkpoint, or skip that step',
  },
];
