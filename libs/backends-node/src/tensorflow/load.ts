/**
 * The `tensorflow` backend: tfjs on a native libtensorflow from the cache, in a process's main thread or in one of its
 * worker threads.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { cpuFeatures, thisCpu } from '../machine/cpu.ts';
import type { LoadedBackend } from '@gradcast/engine';
import { cacheFolder, nativeKey, nativePaths } from '../native/cache.ts';
import { nativeError } from '../native/errors.ts';
import { thisMachine, wheelsFor, type NativeVariant } from '../native/wheels.ts';
import { loadNodeBackend, type Binding, type NodeBackend } from './binding.ts';
import { graphCompiler } from './compile.ts';
import { measureMode, rememberedMode, requireFunctions } from './functions/choose-mode.ts';
import type { FunctionMode } from './functions/device-function.ts';
import { canBeFunction, FunctionEngine } from './functions/engine.ts';
import { uploadsArePinned } from './functions/parameter-upload.ts';
import { tensorflowKernels } from './kernels.ts';
import { isTensorflowInstalled } from './installed.ts';
import { openLibrary } from './open-library.ts';
import { Recorder } from './recorder.ts';
import { nativeEnvironment, type NativeSettings } from './environment.ts';

export interface LoadedTensorflow extends LoadedBackend {
  readonly name: 'tensorflow';
  /** The tfjs backend itself, which runs any TensorFlow op by its name. */
  readonly backend: NodeBackend;
  /** Listens to the backend's binding. */
  readonly recorder: Recorder;
}

/** How steps run, as the profile's `mode`: op by op, as two session graphs, or as one function without or with XLA. */
export type TensorflowMode = 'eager' | 'graph' | FunctionMode;

export interface LoadOptions extends NativeSettings {
  /**
   * `graph` by default on the processor. On a GPU a function is, with XLA where that is faster; what a session call takes and
   * returns lies in the host's memory.
   */
  readonly mode?: TensorflowMode | undefined;
  /** What `nvidia-smi -L` calls the GPU, for the profile. */
  readonly gpuName?: string | undefined;
  readonly cache?: string;
  /** Where the system tells the processor's instruction sets. */
  readonly cpuinfo?: string;
}

/** The one library of this process, with steps op by op. */
let loaded: { readonly key: string; readonly eager: LoadedTensorflow } | undefined;
/** The same with steps in other ways, once asked for. */
const others = new Map<TensorflowMode | undefined, Promise<LoadedTensorflow>>();

/**
 * Loads the library, registers the backend with tfjs-core and makes it the current one. The library reads its
 * environment once per process: a second call with the same settings returns the same backend. Where graphs or functions
 * do not work it says so in a line and computes op by op.
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
  loaded ??= { key, eager: openBackend(environment, options) };
  await tf.setBackend('tensorflow');
  const { mode } = options;
  const known = others.get(mode);
  if (known) return known;
  const made = inMode(loaded.eager, options);
  others.set(mode, made);
  return made;
}

async function inMode(eager: LoadedTensorflow, options: LoadOptions): Promise<LoadedTensorflow> {
  const { mode = options.gpu === undefined ? 'graph' : undefined } = options;
  if (mode === 'eager') return eager;
  if (mode === 'graph') return graphsOf(eager);
  if (!functionsWork(eager)) return eager;
  return functionsOf(eager, mode ?? (await measuredMode(eager, options)));
}

/** Registers the backend with tfjs-core. */
function openBackend(environment: Record<string, string>, options: LoadOptions): LoadedTensorflow {
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
  return {
    name: 'tensorflow',
    backend,
    recorder,
    kernels: tensorflowKernels(backend),
    ...(options.gpu !== undefined && { uploadsPinned: () => uploadsArePinned(binding) }),
    profile: {
      backend: 'tensorflow',
      libraryVersion: binding.TF_Version,
      device: options.gpu === undefined ? 'cpu' : `cuda:${options.gpuName ?? 'unknown'}`,
      threads: options.threads ?? 1,
      features: cpuFeatures(thisCpu(options.cpuinfo)),
      mode: 'eager',
    },
  };
}

/** The same backend with graphs, or as it is if a small one shows that they do not work here. */
function graphsOf(eager: LoadedTensorflow): LoadedTensorflow {
  const compile = graphCompiler(eager.backend, eager.recorder);
  const trial = compile((x: { a: Tensor }) => tf.add(x.a, x.a));
  try {
    const sum = tf.tidy(() => trial.run({ a: tf.scalar(21) }).dataSync()[0]);
    if (sum !== 42) throw new Error(`a graph says that 21 + 21 = ${sum}`);
    return { ...eager, compile, profile: { ...eager.profile, mode: 'graph' } };
  } catch (error) {
    tell(`TensorFlow computes op by op, because graphs do not work here: ${wordsOf(error)}`);
    return eager;
  } finally {
    trial.dispose();
  }
}

/** The same backend with a step as one function. */
function functionsOf(eager: LoadedTensorflow, mode: FunctionMode): LoadedTensorflow {
  const options = { eager, mode, tell };
  return {
    ...eager,
    engineOf: (task) => (canBeFunction(task) ? new FunctionEngine(task, options) : undefined),
    profile: { ...eager.profile, mode },
  };
}

/** Whether a small step runs as a function here; says so if it does not. */
function functionsWork(eager: LoadedTensorflow): boolean {
  try {
    requireFunctions(eager);
    return true;
  } catch (error) {
    tell(`TensorFlow computes op by op, because functions do not work here: ${wordsOf(error)}`);
    return false;
  }
}

/** Channels of the trial on a GPU: as many as keep one busy. */
const TRIAL_WIDTH = 64;

/** Without XLA where it cannot be measured, or measured only for this process. */
async function measuredMode(eager: LoadedTensorflow, { gpuName, cache }: LoadOptions): Promise<FunctionMode> {
  const facts = [nativeKey(wheelsFor(thisMachine(), 'cuda')), gpuName];
  const digest = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
  const path = join(cache ?? cacheFolder(), 'functions', `${digest}.json`);
  try {
    const { mode } = await rememberedMode(path, () => measureMode(eager, TRIAL_WIDTH));
    return mode;
  } catch (error) {
    tell(`TensorFlow computes steps without XLA, because it could not be measured here: ${wordsOf(error)}`);
    return 'function';
  }
}

function tell(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
