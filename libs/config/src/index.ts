export { type Batches, cutBatch } from './batches.ts';
export { OPTIONS, optionsOf } from './option-table.ts';
export {
  type CommandName,
  COMMANDS,
  defaultOf,
  environmentName,
  OPTION_GROUPS,
  type OptionSpec,
  placeholder,
} from './options.ts';
export { collectAtOnce } from './collector.ts';
export * from './credential-role.ts';
export {
  distrustedSentence,
  drainSentence,
  operationSentence,
  parkedSentence,
  pausedSentence,
  troubleSentence,
} from './event-sentences.ts';
export { ConfigError, type Problem, PROBLEM_CODES, type ProblemCode, quoted } from './problem.ts';
export { tellParent, tellParentLast } from './parent.ts';
export * from './process-messages.ts';
export * from './resolve.ts';
export * from './run-config.ts';
export * from './run-events.ts';
export { recordedSettings } from './saved-run.ts';
export { gather, type Gathered, type Settings } from './settings.ts';
export { isForThisMachine } from './steering.ts';
export * from './step-phases.ts';
export { didYouMean } from './suggest.ts';
export { otlpHeaders, otlpResource } from './tracing.ts';
export { yaml } from './yaml.ts';
