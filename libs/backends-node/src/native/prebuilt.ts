/**
 * A binding that is compiled once and used on machines without a compiler: in the build stage of an image, which needs
 * one, for the running image, which shall have none.
 *
 *     <folder>/binding.json, prelude.node, tfjs_binding.node
 *
 * It is the same for the processor's library and for CUDA's: both have one C interface.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BINDING_MANIFEST, copyBinding } from './binding-files.ts';
import { bindingKey } from './cache.ts';
import { nativeError } from './errors.ts';
import { installNative, type InstallOptions } from './install.ts';
import { thisMachine, wheelsFor } from './wheels.ts';

/**
 * Compiles the binding into a folder. The library that it is compiled against is fetched beside the folder and removed.
 *
 * @returns the folder's absolute path.
 * @throws BackendError as {@link installNative} does.
 */
export async function buildBindingFolder(
  folder: string,
  { env, set, onProgress, signal }: Pick<InstallOptions, 'env' | 'set' | 'onProgress' | 'signal'> = {},
): Promise<string> {
  const target = resolve(folder);
  const wanted = set ?? wheelsFor(thisMachine(), 'cpu');
  const cache = await scratchBeside(target);
  try {
    const { folder: made } = await installNative({
      set: wanted,
      cache,
      env: { ...(env ?? process.env), GRADCAST_BINDING: undefined },
      ...(onProgress ? { onProgress } : {}),
      ...(signal ? { signal } : {}),
    });
    const stage = join(cache, 'binding');
    await mkdir(stage);
    await copyBinding(made, stage);
    await writeFile(join(stage, BINDING_MANIFEST), `${JSON.stringify({ key: bindingKey(wanted.platform) })}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(stage, target);
    return target;
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

/** On the same disk as the folder, which appears there with one rename. */
async function scratchBeside(target: string): Promise<string> {
  const parent = dirname(target);
  try {
    await mkdir(parent, { recursive: true });
    return await mkdtemp(join(parent, `.${basename(target)}-`));
  } catch (cause) {
    const remedy = 'name a folder that can be written';
    throw nativeError('cache-unwritable', `the folder ${parent} cannot be written`, remedy, cause);
  }
}
