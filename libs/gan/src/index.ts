export { GanProgram } from './gan-program.ts';
export type { GanBatch, GanGradients } from './gan-program.ts';
export { ganTask } from './gan-task.ts';
export type { GanTask } from './gan-task.ts';
export {
  GRADIENT_TOLERANCE,
  kerasFixture,
  MOMENT_TOLERANCE,
  recordDeviation,
  recordMismatches,
  recordOf,
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
export { ganLoss, LOWEST_MARGIN } from './loss.ts';
export type { GanLoss } from './loss.ts';
export { defaultsOf, presetNames, presets } from './presets.ts';
export type { Preset, PresetName } from './presets.ts';
export type { Penalty } from './penalty.ts';
export { GAN_SCALARS } from './scalars.ts';
export type { GanScalar } from './scalars.ts';
export { tinyPresets } from './tiny-presets.ts';
