/**
 * What decides every bit of a run: the one list of it. From it follow flags and their help, the ledger's first line, the
 * `welcome`, what a resumed run must agree on, `config.json`, checkpoints and the summary.
 *
 * A new entry stands at the end of `LATER`, with the value that runs before it had; CONTRIBUTING.md has the recipe.
 */
import * as z from 'zod';
import { EARLY_STOP_METRICS } from './early-stop.ts';
import { entry, laterEntry } from './entry.ts';
import { LR_SCHEDULES, SCHEDULE_IMAGES_LIMIT } from './recipe.ts';
import { choice, integer, number, orNull, sha256, text } from './value.ts';

/** How gradients may travel: as they are, or packed into fewer bits. */
export const CODECS = ['f32', 'f16', 'bf16', 'int8'] as const;
export type CodecName = (typeof CODECS)[number];

/**
 * Largest M, leaves of a step's tree, and largest m: no coordinator can make a worker set aside memory for a step that no
 * device could compute.
 */
export const MICRO_BATCHES_LIMIT = 4096;
export const MICRO_BATCH_SIZE_LIMIT = 65_536;

/** Most samples of an evaluation. */
export const EVALUATION_SAMPLES_LIMIT = 65_536;

/** In the order in which the ledger's first line has them; that order is hashed. */
const FIRST = {
  preset: entry(text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'NAME'), {
    called: 'preset',
    flag: {
      name: 'preset',
      group: 'What to train',
      default: 'mnist',
      help: 'Networks, losses and optimizer',
    },
    renamed: { since: 6, names: { mnist: 'dcgan' } },
  }),
  seed: entry(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), {
    called: 'seed',
    flag: {
      name: 'seed',
      group: 'What to train',
      default: 0,
      help: 'Decides initial weights, order of the images and noise',
    },
  }),
  /** m, samples of a micro-batch. */
  microBatchSize: entry(integer({ min: 1, max: MICRO_BATCH_SIZE_LIMIT }), {
    called: 'size of a micro-batch',
    setBy: ['global-batch', 'micro-batches'],
  }),
  /** M, leaves of a step's tree. */
  microBatches: entry(integer({ min: 1, max: MICRO_BATCHES_LIMIT, powerOfTwo: true }), {
    called: 'number of micro-batches',
    setBy: ['global-batch', 'micro-batches'],
    flag: {
      name: 'micro-batches',
      group: 'Batches and optimizer',
      default: (task) => task.microBatches,
      help: 'Micro-batches of one step, a power of two; more workers than that find nothing to do',
    },
  }),
  learningRate: entry(number({ shows: 'X', above: 0 }), {
    called: 'learning rate',
    flag: {
      name: 'lr',
      group: 'Batches and optimizer',
      default: (task) => task.optimizer.learningRate,
      help: 'Learning rate of both networks',
    },
  }),
  /** How gradients travel and are added. */
  codec: entry(choice(CODECS), {
    called: 'codec',
    flag: {
      name: 'codec',
      group: 'Batches and optimizer',
      default: 'f32',
      help: 'How gradients travel: whole, in half the bytes (f16, bf16) or in a quarter (int8); changes the result a little',
    },
  }),
  /** SHA-256 of the data set. */
  dataset: entry(sha256(), { called: 'SHA-256 of the data set', setBy: ['data'] }),
};

const LATER = {
  /** SHA-256 of a user's own task and the files that it imports; null for a built-in one. */
  task: laterEntry(orNull(sha256()), {
    called: "SHA-256 of the task's files",
    setBy: ['task'],
    since: 4,
    before: { value: null },
  }),
  lrSchedule: laterEntry(choice(LR_SCHEDULES), {
    called: "the learning rate's schedule",
    flag: {
      name: 'lr-schedule',
      group: 'Batches and optimizer',
      default: ({ recipe }) => recipe?.lrSchedule ?? 'constant',
      help: 'What the learning rate does from --decay-from-images to --decay-to-images',
    },
    since: 5,
    before: { value: 'constant' },
  }),
  /** Images over which the learning rate rises from 0. */
  warmUpImages: laterEntry(integer({ min: 0, max: SCHEDULE_IMAGES_LIMIT }), {
    called: 'images of warm-up',
    flag: {
      name: 'warmup-images',
      group: 'Batches and optimizer',
      default: ({ recipe }) => recipe?.warmUpImages ?? 0,
      help: 'Images over which the learning rate rises from 0; 0 begins with all of it',
    },
    since: 5,
    before: { value: 0 },
  }),
  /** Images of the stream between which the learning rate decays; both 0 where it is constant. */
  decayFromImages: laterEntry(integer({ min: 0, max: SCHEDULE_IMAGES_LIMIT }), {
    called: 'images at which the decay begins',
    setBy: ['decay-from-images', 'steps', 'epochs'],
    since: 5,
    before: { value: 0 },
  }),
  decayToImages: laterEntry(integer({ min: 0, max: SCHEDULE_IMAGES_LIMIT }), {
    called: 'images at which the decay ends',
    setBy: ['decay-to-images', 'steps', 'epochs'],
    since: 5,
    before: { value: 0 },
  }),
  /** Share of the learning rate that is left where the decay ends. */
  lrEndFactor: laterEntry(number({ shows: 'X', min: 0, max: 1 }), {
    called: 'share of the learning rate at the end of its decay',
    flag: {
      name: 'lr-end-factor',
      group: 'Batches and optimizer',
      default: ({ recipe }) => recipe?.lrEndFactor ?? 0,
      help: 'Share of the learning rate, 0 to 1, that is left where its decay ends',
    },
    since: 5,
    before: { value: 0 },
  }),
  /** Largest norm of each group's mean gradient; 0 clips none. */
  clipNorm: laterEntry(number({ shows: 'X', min: 0 }), {
    called: 'norm to which gradients are clipped',
    flag: {
      name: 'clip-norm',
      group: 'Batches and optimizer',
      default: ({ recipe }) => recipe?.clipNorm ?? 0,
      help: 'Norm to which the mean gradient of each network is scaled down where it is larger; 0 clips nothing',
    },
    since: 5,
    before: { value: 0 },
  }),
  /** Longest half-life of the moving average in images; 0 is the rule of runs before, by steps. */
  averageImages: laterEntry(integer({ min: 0, max: SCHEDULE_IMAGES_LIMIT }), {
    called: 'images of the half-life of the moving average',
    flag: {
      name: 'average-images',
      group: 'Batches and optimizer',
      default: ({ recipe }) => recipe?.averageImages ?? 0,
      help: 'Longest half-life of the moving average that samples are drawn with, in images; 0 counts it in steps',
    },
    since: 5,
    before: { value: 0 },
  }),
  earlyStop: laterEntry(choice(EARLY_STOP_METRICS), {
    called: 'score that stops the run early',
    flag: {
      name: 'early-stop',
      group: 'Evaluation',
      default: 'none',
      help: 'End the run once this score, as metrics.jsonl names it, has not become better for some evaluations; needs --evaluate-every',
    },
    since: 6,
    before: { value: 'none' },
  }),
  earlyStopPatience: laterEntry(integer({ min: 1, max: 1_000_000 }), {
    called: 'evaluations without a better score that stop the run',
    flag: {
      name: 'early-stop-patience',
      group: 'Evaluation',
      default: 5,
      help: 'Evaluations in a row without a better score after which --early-stop ends the run',
    },
    since: 6,
    before: { value: 5 },
  }),
  earlyStopMinDelta: laterEntry(number({ shows: 'X', min: 0 }), {
    called: 'difference by which a score must be better',
    flag: {
      name: 'early-stop-min-delta',
      group: 'Evaluation',
      default: 0,
      help: 'By more than this a score must be better than the best to count for --early-stop',
    },
    since: 6,
    before: { value: 0 },
  }),
  /** Steps between the evaluations that it looks at, and from each to its effect; 0 where a run does not stop early. */
  earlyStopEvery: laterEntry(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), {
    called: 'steps between the evaluations of early stopping',
    setBy: ['evaluate-every'],
    since: 6,
    before: { value: 0 },
  }),
  /** Samples of each of those evaluations; 0 where a run does not stop early. */
  earlyStopCount: laterEntry(integer({ min: 0, max: EVALUATION_SAMPLES_LIMIT }), {
    called: 'samples of the evaluations of early stopping',
    setBy: ['evaluate-count'],
    since: 6,
    before: { value: 0 },
  }),
};

/** The whole definition; other members of what is parsed are left out. */
export const runDefinition = z.object({ ...FIRST, ...LATER });

/** What decides every bit of a run. */
export type RunDefinition = Readonly<z.infer<typeof runDefinition>>;

/** As a run's files have it: those of earlier versions lack what came later. */
export const storedDefinition = z.object({ ...FIRST, ...z.object(LATER).partial().shape });
export type StoredDefinition = Readonly<z.infer<typeof storedDefinition>>;

/** What the user chose; the rest is found out from files, and from the run's length, when a run is set up. */
export const chosenDefinition = runDefinition.omit({
  dataset: true,
  task: true,
  decayFromImages: true,
  decayToImages: true,
  earlyStopEvery: true,
  earlyStopCount: true,
});
export type ChosenDefinition = Readonly<z.infer<typeof chosenDefinition>>;
