export {
  completedDefinition,
  DEFINITION_FLAGS,
  DEFINITION_KEYS,
  DEFINITION_VERSION,
  definitionOf,
  differences,
  flagDefault,
  flagsOf,
  isSameDefinition,
  recordedFlags,
  recordedPreset,
  storedFault,
} from './definition.ts';
export type { DefinitionDifference, DefinitionKey, FlagEntry } from './definition.ts';
export {
  awaitedStep,
  EARLY_STOP_METRICS,
  EARLY_STOP_SCORES,
  earlyStopOf,
  FIRST_STANDING,
  isEnough,
  standingAfter,
} from './early-stop.ts';
export type { EarlyStopRule, EarlyStopScore, EarlyStopStanding, StepScore } from './early-stop.ts';
export {
  chosenDefinition,
  CODECS,
  EVALUATION_SAMPLES_LIMIT,
  MICRO_BATCH_SIZE_LIMIT,
  MICRO_BATCHES_LIMIT,
  runDefinition,
} from './entries.ts';
export type { ChosenDefinition, CodecName, RunDefinition, StoredDefinition } from './entries.ts';
export type { DefinitionValue, FlagGroup, TaskNumbers } from './entry.ts';
export { LR_SCHEDULES, SCHEDULE_IMAGES_LIMIT } from './recipe.ts';
export type { LrSchedule, Recipe } from './recipe.ts';
export { isPowerOfTwo, isWithin } from './value.ts';
export type { ChoiceKind, IntegerKind, NumberKind, TextKind, ValueKind } from './value.ts';
