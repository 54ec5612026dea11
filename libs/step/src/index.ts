export { advance, judge } from './step.ts';
export type { Advanced, Judged } from './step.ts';
export { takeProbe } from './probe.ts';
export { wholeStep } from './whole-step.ts';
export type { WholeStep, WholeStepOptions } from './whole-step.ts';
export type { Probe, ProbeOptions } from './probe.ts';
