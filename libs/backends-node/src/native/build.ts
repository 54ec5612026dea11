/**
 * Compiles the binding of `@tensorflow/tfjs-node-gpu` against the unpacked library.
 *
 * It names the libraries without saying where they lie: whoever loads it has loaded them before, by absolute path, and the
 * loader then takes those. So it may be compiled on one machine and used on another, with CUDA's library or without.
 */
import { join } from 'node:path';
import { nativeSources, tfjsNode, type Environment } from './cache.ts';
import { lastLines, run } from './command.ts';
import { interrupted, nativeError } from './errors.ts';
import type { Compiler } from './toolchain.ts';
import type { WheelSet } from './wheels.ts';

export interface BuildOptions {
  readonly toolchain: Compiler;
  readonly env: Environment;
  readonly set: WheelSet;
  /** Folder that holds `site-packages` and gets the binding. */
  readonly stage: string;
  readonly signal?: AbortSignal | undefined;
}

/** N-API version of Node 20, which later versions keep. */
const NAPI_VERSION = 8;

/**
 * Writes `prelude.node` and `tfjs_binding.node` into the stage.
 *
 * @throws BackendError `native-build-failed` with the compiler's last lines.
 */
export async function buildBinding({ toolchain, env, set, stage, signal }: BuildOptions): Promise<void> {
  const sources = nativeSources();
  const upstream = tfjsNode();
  const tensorflow = join(stage, 'site-packages', 'tensorflow');
  const common = ['-std=c++17', '-O2', '-fPIC', '-shared', `-DNAPI_VERSION=${NAPI_VERSION}`];
  common.push(`-I${toolchain.nodeHeaders}`);
  if (set.platform.startsWith('darwin')) common.push('-undefined', 'dynamic_lookup');
  const compile = async (output: string, args: readonly string[]) => {
    const result = await run(toolchain.compiler, [...common, '-o', join(stage, output), ...args], { env, signal });
    if (signal?.aborted) {
      throw interrupted();
    }
    if (result.code === 0) return;
    throw nativeError(
      'native-build-failed',
      `${toolchain.compiler} could not build ${output}: ${lastLines(result)}`,
      'try another compiler (CXX=g++), or use --backend wasm',
    );
  };
  await compile('prelude.node', [join(sources, 'prelude.cc'), '-ldl']);
  await compile('tfjs_binding.node', [
    `-I${join(tensorflow, 'include')}`,
    `-I${upstream}`,
    join(upstream, 'binding', 'tfjs_backend.cc'),
    join(upstream, 'binding', 'tfjs_binding.cc'),
    join(sources, 'functions.cc'),
    join(sources, 'log-level.cc'),
    join(tensorflow, set.library),
    join(tensorflow, set.framework),
  ]);
}
