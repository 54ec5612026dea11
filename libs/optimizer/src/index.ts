export { NORM_FACTOR } from './norm-bound.ts';
export { optimizerOf } from './kinds.ts';
export type { Numbers, Optimizer, Slot } from './optimizer.ts';
export { Replica } from './replica.ts';
export type { ReplicaOptions, ReplicaVectors } from './replica.ts';
export { collectParameters, collectVectors, nameTensors, StateMismatchError } from './state-tensors.ts';
export type { StateTensor } from './state-tensors.ts';
export { stateBytes, stateScalars, TrainingState } from './training-state.ts';
export type { ClosedStep, MeasuredMean, StateOptions, StateVectors } from './training-state.ts';
