/**
 * The parts of `@tensorflow/tfjs-node-gpu` that are used; they lie in libs/backends-node/tfjs-node.
 */
import type { DataType, KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { tfjsNode } from '../native/cache.ts';

/** An attribute of a TensorFlow op as the binding takes it. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The compiled `tfjs_binding.node`: TensorFlow's enum values and eager execution. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_FLOAT: number;
  isUsingGpuDevice(): boolean;
  /** @returns the tensor's id. */
  createTensor(shape: number[], dtype: number, values: TensorValues): number;
  deleteTensor(id: number): void;
  getNumOfTensors(): number;
  executeOp(op: string, attributes: OpAttribute[], inputs: number[], outputs: number): TensorMetadata[];
  /** @returns the model's id. */
  loadSavedModel(folder: string, tags: string): number;
  /** Runs what the outputs need. Names are `op:place`, joined by commas. */
  runSavedModel(model: number, inputs: number[], inputNames: string, outputNames: string): TensorMetadata[];
  deleteSavedModel(model: number): void;
  getNumOfSavedModels(): number;
  /**
   * Makes a serialized GraphDef callable in the context in which ops run; what is in `native/functions.cc`.
   *
   * @param inputs names of its placeholders, in order; outputs are names of ops whose first output counts.
   * @param xla whether XLA compiles it as one program, at the first call.
   */
  addFunction(
    graph: Uint8Array,
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    xla: boolean,
  ): void;
  removeFunction(name: string): void;
  /** Runs a function of one output, on the device. @returns the output's id. */
  callFunction(name: string, inputs: readonly number[]): number;
  /** Waits for a tensor of floats and copies its elements into the targets, one behind the other. */
  readTensor(id: number, targets: readonly Float32Array[]): void;
  /** Memory of TensorFlow's on the host for so many floats, as a tensor; pinned where there is a GPU. @returns its id. */
  createStaging(length: number): number;
  /**
   * Copies as many floats as the memory has there, and from there to the device, and waits for both. On the processor the tensor lies
   * over that memory, so it must be deleted before the next upload.
   *
   * @returns the id of the tensor on the device.
   */
  upload(staging: number, values: Float32Array): number;
  /** Whether the CUDA driver knows that memory as pinned; undefined where no driver is loaded. */
  isPinned(staging: number): boolean | undefined;
}

export type TensorValues = Float32Array | Int32Array | Uint8Array;

/** A tensor as the binding knows it; ids count upwards and are never used again. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** Runs any TensorFlow op by its name. */
export interface NodeBackend extends KernelBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(op: string, attributes: OpAttribute[], inputs: TensorInfo[]): Tensor;
  executeMultipleOutputs(op: string, attributes: OpAttribute[], inputs: TensorInfo[], outputs: number): Tensor[];
  getDTypeInteger(dtype: DataType): number;
  /** Hands over values that still wait on the host. */
  getInputTensorIds(tensors: TensorInfo[]): number[];
  createOutputTensor(metadata: TensorMetadata): Tensor;
}

/** The compiled `prelude.node`. */
export interface Prelude {
  setEnvironment(name: string, value: string): void;
  /** Loads a library for the rest of the process; returns what it wrote to stderr meanwhile. */
  loadLibrary(path: string): string;
  /** The loaded file that whoever opens this bare name gets; undefined when no such library is loaded. */
  findLibrary(name: string): string | undefined;
  /** Switches TensorFloat-32 off in the loaded framework library; false when that has no such switch. */
  disableTensorFloat32(framework: string): boolean;
}

const require = createRequire(import.meta.url);

/** Loads a compiled addon by its path. */
export function loadAddon(path: string): unknown {
  return require(path);
}

/** Registers the kernels and returns the backend's class. Costs about 0.1 s. */
export function loadNodeBackend(): new (binding: Binding, packageName: string) => NodeBackend {
  const folder = join(tfjsNode(), 'js');
  require(join(folder, 'register_all_kernels.js'));
  const module = require(join(folder, 'nodejs_kernel_backend.js')) as {
    NodeJSKernelBackend: new (binding: Binding, packageName: string) => NodeBackend;
  };
  return module.NodeJSKernelBackend;
}
