export { asWritten } from './compile.ts';
export type { Compile, Compiled, TensorTree } from './compile.ts';
export { convolutionOf } from './direct-convolution.ts';
export { defineTask } from './define-task.ts';
export type {
  NetworkDefinition,
  OptimizerDefinition,
  OutputDefinition,
  ScalarDefinition,
  Step,
  TaskDefinition,
} from './define-task.ts';
export { genericKernels } from './generic-kernels.ts';
export type * from './kernels.ts';
export { largeSide, paddingBefore, smallSide } from './geometry.ts';
export { layerNames } from './layer-names.ts';
export type { Pass } from './layers/layer.ts';
export { BATCH_NORM_MINIMUM, layers } from './layer-spec.ts';
export type { Activation, ConvolutionSettings, ConvolutionSpec, Initializer, LayerSpec } from './layer-spec.ts';
export { largest, meanSquaredError, softmaxCrossEntropy } from './losses.ts';
export type { ClassificationLoss, Loss } from './losses.ts';
export { ModelError } from './model-error.ts';
export { disposeTrace, Network } from './network.ts';
export type { BackwardOptions, NetworkOptions, Trace } from './network.ts';
export { layOutNetworks } from './networks.ts';
export type { NetworkParts, NetworksOptions } from './networks.ts';
export type { OutputChain } from './output-chain.ts';
export { fromPixels, toPixels } from './pixels.ts';
export type * from './program.ts';
export { partOf, StepGraphBuilder } from './step-graph.ts';
export type * from './step-graph.ts';
export type { NetworkApply, NetworkPass, Told } from './step-program.ts';
