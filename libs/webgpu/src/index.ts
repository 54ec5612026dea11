export { DeviceContext } from './context.ts';
export { DevicePlan } from './device-plan.ts';
export type { RunCounts, RunInputs } from './device-plan.ts';
export { canPlan, createPlanEngine, PlanEngine } from './engine.ts';
export { kernelOf } from './wgsl/kernels.ts';
export type { Binding, Kernel } from './wgsl/shader.ts';
