export { definedTask } from './defined.ts';
export { copiedBatch, OneCall, requireFields, requireLength } from './engine-calls.ts';
export type { GradientEngine, SubtreeLeaves, SubtreeOutcome } from './engine.ts';
export { fieldShapes, fillNoise, noiseAt, probeBatch } from './field.ts';
export type {
  BatchField,
  ImageField,
  InputField,
  LabelField,
  MicroBatch,
  NoiseDistribution,
  NoiseField,
} from './field.ts';
export { fields } from './fields.ts';
export { formulaMicroBatch, formulaParameters, formulaWord } from './formula.ts';
export { chosenLabels } from './task.ts';
export { LARGEST_STATISTIC, shownScalars, tailFault } from './tail.ts';
export type { ShownScalar } from './tail.ts';
export type {
  AdamSpec,
  ClassValues,
  ImageOutput,
  ImageValues,
  LearningRateSchedule,
  MovingAverage,
  OptimizerSpec,
  OutputValues,
  SgdSpec,
  TailScalar,
  Task,
  TaskDefaults,
  TaskGroup,
  TaskIdentity,
  TaskOutput,
} from './task.ts';
export type { Condition, Premise, Sign, Trouble } from './trouble.ts';
