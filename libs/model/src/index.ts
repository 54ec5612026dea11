export { buildModel } from './build.ts';
export { asWritten } from './compile.ts';
export type { Compile, Compiled, TensorTree } from './compile.ts';
export { convolutionOf } from './direct-convolution.ts';
export { Gan } from './gan-step.ts';
export type { GanBatch, GanGradients } from './gan-step.ts';
export { genericKernels } from './generic-kernels.ts';
export type * from './kernels.ts';
export { ganLoss, LOWEST_MARGIN } from './loss.ts';
export type { GanLoss } from './loss.ts';
export { ModelError } from './model-error.ts';
export * from './model.ts';
export { fromPixels, toPixels } from './pixels.ts';
export * from './presets.ts';
export {
  formulaMicroBatch,
  formulaParameters,
  GRADIENT_TOLERANCE,
  kerasFixture,
  MOMENT_TOLERANCE,
  recordDeviation,
  recordMismatches,
  STEP_TOLERANCE,
} from './keras-fixture.ts';
export type {
  KerasFixture,
  KerasGradients,
  KerasSteps,
  RecordTolerance,
  TensorRecord,
  TensorRecords,
} from './keras-fixture.ts';
export { tinyPresets } from './tiny-presets.ts';
