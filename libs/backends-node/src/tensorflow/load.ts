/**
 * The `tensorflow` backend: tfjs on a native libtensorflow from the cache, in a process's main thread or in one of its
 * worker threads.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { cpuFeatures, thisCpu } from '../machine/cpu.ts';
import type { LoadedBackend } from '@gradcast/engine';
import { nativePaths } from '../native/cache.ts';
import { nativeError } from '../native/errors.ts';
import { thisMachine, wheelsFor, type NativeVariant } from '../native/wheels.ts';
import { loadNodeBackend, type Binding, type NodeBackend } from './binding.ts';
import { graphCompiler } from './compile.ts';
import { tensorflowKernels } from './kernels.ts';
import { isTensorflowInstalled } from './installed.ts';
import { openLibrary } from './open-library.ts';
import { Recorder } from './recorder.ts';
import { nativeEnvironment, type NativeSettings } from './environment.ts';

export interface LoadedTensorflow extends LoadedBackend {
  readonly name: 'tensorflow';
  /** The tfjs backend itself, which runs any TensorFlow op by its name. */
  readonly backend: NodeBackend;
}

export interface LoadOptions extends NativeSettings {
  /**
   * Whether steps run as graphs, which is the default on the processor. On a GPU they never do: what a session call takes
   * and returns lies in the host's memory.
   */
  readonly graph?: boolean;
  /** What `nvidia-smi -L` calls the GPU, for the profile. */
  readonly gpuName?: string | undefined;
  readonly cache?: string;
  /** Where the system tells the processor's instruction sets. */
  readonly cpuinfo?: string;
}

/** The one library of this process, with steps op by op and, once asked for, as graphs. */
let loaded: { readonly key: string; readonly recorder: Recorder; readonly eager: LoadedTensorflow } | undefined;
let withGraphs: LoadedTensorflow | undefined;

/**
 * Loads the library, registers the backend with tfjs-core and makes it the current one. The library reads its
 * environment once per process: a second call with the same settings returns the same backend. Where graphs do not work
 * it says so in a line and computes op by op.
 *
 * @throws BackendError `native-not-installed`; `native-load-failed` if the library does not load, if it was loaded with
 *   other settings before, or if a GPU was asked for and TensorFlow lists none.
 */
export async function loadTensorflow(options: LoadOptions = {}): Promise<LoadedTensorflow> {
  const environment = nativeEnvironment(options);
  const key = JSON.stringify(environment);
  if (loaded && loaded.key !== key) {
    throw nativeError(
      'native-load-failed',
      'TensorFlow is already loaded in this process with other settings',
      'start a process of its own for each setting',
    );
  }
  loaded ??= { key, ...openBackend(environment, options) };
  const { eager, recorder } = loaded;
  await tf.setBackend('tensorflow');
  if (options.gpu !== undefined || options.graph === false) return eager;
  return (withGraphs ??= graphsOf(eager, recorder));
}

/** Registers the backend with tfjs-core. */
function openBackend(
  environment: Record<string, string>,
  options: LoadOptions,
): { recorder: Recorder; eager: LoadedTensorflow } {
  const recorder = new Recorder(openInstalled(environment, options));
  const { binding } = recorder;
  const NodeBackendClass = loadNodeBackend();
  const backend = new NodeBackendClass(binding, '@tensorflow/tfjs-node-gpu');
  if (options.gpu !== undefined && !backend.isUsingGpuDevice) {
    throw nativeError(
      'native-load-failed',
      `TensorFlow lists no GPU although GPU ${options.gpu} was asked for`,
      'see that nvidia-smi works and that the driver is recent enough for CUDA 12',
    );
  }
  tf.registerBackend('tensorflow', () => backend);
  const eager: LoadedTensorflow = {
    name: 'tensorflow',
    backend,
    kernels: tensorflowKernels(backend),
    profile: {
      backend: 'tensorflow',
      libraryVersion: binding.TF_Version,
      device: options.gpu === undefined ? 'cpu' : `cuda:${options.gpuName ?? 'unknown'}`,
      threads: options.threads ?? 1,
      features: cpuFeatures(thisCpu(options.cpuinfo)),
      mode: 'eager',
    },
  };
  return { recorder, eager };
}

/** The same backend with graphs, or as it is if a small one shows that they do not work here. */
function graphsOf(eager: LoadedTensorflow, recorder: Recorder): LoadedTensorflow {
  const compile = graphCompiler(eager.backend, recorder);
  const trial = compile((x: { a: Tensor }) => tf.add(x.a, x.a));
  try {
    const sum = tf.tidy(() => trial.run({ a: tf.scalar(21) }).dataSync()[0]);
    if (sum !== 42) throw new Error(`a graph says that 21 + 21 = ${sum}`);
    return { ...eager, compile, profile: { ...eager.profile, mode: 'graph' } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`TensorFlow computes op by op, because graphs do not work here: ${reason}\n`);
    return eager;
  } finally {
    trial.dispose();
  }
}

/** Finds the installed library that serves, and opens it. */
function openInstalled(environment: Record<string, string>, { gpu, cache }: LoadOptions): Binding {
  const wanted: readonly NativeVariant[] = gpu === undefined ? ['cpu', 'cuda'] : ['cuda'];
  const variant = wanted.find((candidate) => isTensorflowInstalled(candidate, cache));
  if (!variant) {
    throw nativeError(
      'native-not-installed',
      `native TensorFlow (${gpu === undefined ? 'cpu' : 'cuda'}) is not installed`,
      'gradcast doctor --install',
    );
  }
  return openLibrary(nativePaths(wheelsFor(thisMachine(), variant), cache), environment);
}
