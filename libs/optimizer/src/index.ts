export { Replica } from './replica.ts';
export type { ReplicaVectors } from './replica.ts';
export { STATE_SCALARS, stateBytes, TrainingState } from './training-state.ts';
export type { ClosedStep, StateOptions, StateVectors } from './training-state.ts';
