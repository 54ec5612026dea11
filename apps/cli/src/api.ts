/**
 * What `import ... from 'gradcast'` gives, and all of it: docs/api.md describes each name and says what a version may change.
 * Importing it starts nothing.
 */
export { GradcastError } from './api/gradcast-error.ts';
export type { TrainOptions } from './api/train-options.ts';
export { train } from './api/train.ts';
export type { TrainingEvent, TrainingRun } from './api/training-run.ts';
export type { NumberedEvent, Progress, RunEvent, RunStateName, Summary } from '@gradcast/config';
export { defineTask, fields, layers, meanSquaredError, softmaxCrossEntropy } from '@gradcast/own-task';
export type { Step, TaskDefinition, Trainable } from '@gradcast/own-task';
