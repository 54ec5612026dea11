/** Loads an installation into the process: prelude, NVIDIA's libraries, TensorFlow's, binding, in that order. */
import type { NativePaths } from '../native/cache.ts';
import { nativeError } from '../native/errors.ts';
import { unfound } from '../native/opened.ts';
import { loadAddon, type Binding, type Prelude } from './binding.ts';
import { withoutNoise } from './words.ts';

/**
 * Every library is loaded by its absolute path, before the one that needs it: the binding and TensorFlow itself name what
 * they open without saying where it lies, and then get what is loaded.
 *
 * @throws BackendError `native-load-failed` if anything does not load, or if TensorFlow would not find a library.
 */
export function openLibrary(
  paths: Pick<NativePaths, 'folder' | 'prelude' | 'opens' | 'framework' | 'library' | 'binding'>,
  environment: Readonly<Record<string, string>>,
): Binding {
  Object.assign(process.env, environment);
  try {
    const prelude = loadAddon(paths.prelude) as Prelude;
    for (const [name, value] of Object.entries(environment)) prelude.setEnvironment(name, value);
    const written = [...paths.opens, paths.framework, paths.library].map((path) => prelude.loadLibrary(path));
    const words = withoutNoise(written.join('\n'));
    if (words.length > 0) process.stderr.write(`${words.join('\n')}\n`);
    const missing = unfound(paths.opens, (name) => prelude.findLibrary(name));
    if (missing.length > 0) throw new Error(`TensorFlow does not get ${missing.join(', ')}`);
    // Convolutions on a GPU are laid out for TensorFloat-32 unless TensorFlow's own switch is off; the variable that CUDA's
    // libraries read forbids the rounding in any case.
    if (!prelude.disableTensorFloat32(paths.framework) && paths.opens.length > 0) {
      process.stderr.write('TensorFlow has no switch for TensorFloat-32 here: a GPU computes in float32, but slower\n');
    }
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
