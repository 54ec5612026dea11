/**
 * The `tensorflow` backend: tfjs on a native libtensorflow from the cache, in a process's main thread or in one of its
 * worker threads.
 */
import * as tf from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { LoadedBackend } from '../engine/backend.ts';
import { isInstalled, nativePaths } from '../native/cache.ts';
import { nativeError } from '../native/errors.ts';
import { thisMachine, wheelsFor, type NativeVariant } from '../native/wheels.ts';
import { loadAddon, loadNodeBackend, type Binding, type NodeBackend, type Prelude } from './binding.ts';
import { tensorflowKernels } from './kernels.ts';
import { nativeEnvironment, type NativeSettings } from './environment.ts';

export interface LoadedTensorflow extends LoadedBackend {
  readonly name: 'tensorflow';
  /** The tfjs backend itself, which runs any TensorFlow op by its name. */
  readonly backend: NodeBackend;
}

export interface LoadOptions extends NativeSettings {
  /** What `nvidia-smi -L` calls the GPU, for the profile. */
  readonly gpuName?: string | undefined;
  readonly cache?: string;
}

/** Lines that TensorFlow prints while it loads and that tell a user nothing. */
const NOISE = [/^WARNING: All log messages before absl::InitializeLog\(\)/, /oneDNN custom operations are on/];

let loaded: { readonly key: string; readonly result: LoadedTensorflow } | undefined;

/**
 * Loads the library, registers the backend with tfjs-core and makes it the current one. The library reads its
 * environment once per process: a second call with the same settings returns the same backend.
 *
 * @throws BackendError `native-not-installed`; `native-load-failed` if the library does not load, if it was loaded with
 *   other settings before, or if a GPU was asked for and TensorFlow lists none.
 */
export async function loadTensorflow(options: LoadOptions = {}): Promise<LoadedTensorflow> {
  const environment = nativeEnvironment(options);
  const key = JSON.stringify(environment);
  if (loaded) {
    if (loaded.key !== key) {
      throw nativeError(
        'native-load-failed',
        'TensorFlow is already loaded in this process with other settings',
        'start a process of its own for each setting',
      );
    }
    await tf.setBackend('tensorflow');
    return loaded.result;
  }
  const binding = openLibrary(environment, options);
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
  await tf.setBackend('tensorflow');
  const result: LoadedTensorflow = {
    name: 'tensorflow',
    backend,
    kernels: tensorflowKernels(backend),
    profile: {
      backend: 'tensorflow',
      libraryVersion: binding.TF_Version,
      device: options.gpu === undefined ? 'cpu' : `cuda:${options.gpuName ?? 'unknown'}`,
      threads: options.threads ?? 1,
      features: cpuFeatures(),
      mode: 'eager',
    },
  };
  loaded = { key, result };
  return result;
}

/** Whether a variant lies in the cache, without loading anything. */
export function isTensorflowInstalled(variant: NativeVariant, cache?: string): boolean {
  try {
    return isInstalled(wheelsFor(thisMachine(), variant), cache);
  } catch {
    return false;
  }
}

/** Loads prelude, library and binding, in that order. */
function openLibrary(environment: Record<string, string>, { gpu, cache }: LoadOptions): Binding {
  const machine = thisMachine();
  const wanted: readonly NativeVariant[] = gpu === undefined ? ['cpu', 'cuda'] : ['cuda'];
  const variant = wanted.find((candidate) => isTensorflowInstalled(candidate, cache));
  if (!variant) {
    throw nativeError(
      'native-not-installed',
      `native TensorFlow (${gpu === undefined ? 'cpu' : 'cuda'}) is not installed`,
      'gradcast doctor --install',
    );
  }
  const paths = nativePaths(wheelsFor(machine, variant), cache);
  Object.assign(process.env, environment);
  try {
    const prelude = loadAddon(paths.prelude) as Prelude;
    for (const [name, value] of Object.entries(environment)) prelude.setEnvironment(name, value);
    const written = prelude.loadLibrary(paths.framework).split('\n');
    const worthReading = written.filter((line) => line !== '' && !NOISE.some((noise) => noise.test(line)));
    if (worthReading.length > 0) process.stderr.write(`${worthReading.join('\n')}\n`);
    return loadAddon(paths.binding) as Binding;
  } catch (error) {
    throw nativeError(
      'native-load-failed',
      `the native library in ${paths.folder} does not load: ${error instanceof Error ? error.message : String(error)}`,
      `remove ${paths.folder} and run gradcast doctor --install`,
      error,
    );
  }
}

/** Kernels are chosen by these instruction sets, so they belong to the numeric profile. */
const VECTOR_FLAGS = /^(sse4_2|avx|avx2|fma|avx512\w*|amx\w*|asimd\w*|sve\w*|bf16)$/;

function cpuFeatures(): string {
  const model = cpus()[0]?.model ?? process.arch;
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
    const flags = line.split(' ').filter((flag) => VECTOR_FLAGS.test(flag));
    return [model.trim(), ...flags.sort()].join(' ');
  } catch {
    return model.trim();
  }
}
