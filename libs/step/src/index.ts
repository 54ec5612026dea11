export { advance, judge } from './step.ts';
export type { Advanced, Judged } from './step.ts';
export { probeBatch, takeProbe } from './probe.ts';
export type { Probe, ProbeOptions } from './probe.ts';
