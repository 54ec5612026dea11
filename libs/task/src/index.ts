export { fieldShapes, fillNoise, noiseAt, probeBatch } from './field.ts';
export type { BatchField, ImageField, LabelField, MicroBatch, NoiseDistribution, NoiseField } from './field.ts';
export { LARGEST_STATISTIC, shownScalars, tailFault } from './tail.ts';
export type { ShownScalar } from './tail.ts';
export type { AdamSpec, MovingAverage, TailScalar, Task, TaskGroup } from './task.ts';
