export { NORM_FACTOR } from './norm-bound.ts';
export { Replica } from './replica.ts';
export type { ReplicaVectors } from './replica.ts';
export { collectParameters, collectVectors, nameTensors, StateMismatchError } from './state-tensors.ts';
export type { StateTensor } from './state-tensors.ts';
export { STATE_SCALARS, stateBytes, TrainingState } from './training-state.ts';
export type { ClosedStep, MeasuredMean, StateOptions, StateVectors } from './training-state.ts';
