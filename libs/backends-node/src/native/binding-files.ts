/** The files of a compiled binding, and what it was compiled from. */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bindingKey } from './cache.ts';
import { nativeError } from './errors.ts';
import type { WheelSet } from './wheels.ts';

const FILES = ['prelude.node', 'tfjs_binding.node'] as const;

/** Says what the binding was compiled from; written last. */
export const BINDING_MANIFEST = 'binding.json';

/** @throws BackendError `native-binding-mismatch` if the folder holds no binding, or one for other versions. */
export async function requireBinding(folder: string, set: WheelSet): Promise<void> {
  const expected = bindingKey(set.platform);
  const text = await readFile(join(folder, BINDING_MANIFEST), 'utf8').catch(() => '');
  const found = keyIn(text);
  if (found === expected) return;
  throw nativeError(
    'native-binding-mismatch',
    found === undefined ? `${folder} holds no binding` : `${folder} holds the binding ${found}, not ${expected}`,
    `make it again with gradcast doctor --build-binding ${folder}, or unset GRADCAST_BINDING to compile here`,
  );
}

function keyIn(text: string): string | undefined {
  try {
    const { key } = JSON.parse(text) as { key?: unknown };
    return typeof key === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Copies prelude and binding from one folder into another. */
export async function copyBinding(from: string, to: string): Promise<void> {
  for (const file of FILES) await copyFile(join(from, file), join(to, file));
}
