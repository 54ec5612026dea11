import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A folder that comes with Gradcast and is no TypeScript. A bundle lies in `<root>/dist/<stamp>`, a source file in `<root>/libs`, so
 * it is looked for upwards from either.
 *
 * @param module the caller's `import.meta.url`.
 * @param path from the root.
 * @returns undefined if this installation lacks it.
 */
export function shippedFolder(module: string, ...path: readonly string[]): string | undefined {
  let folder = dirname(fileURLToPath(module));
  for (;;) {
    const candidate = join(folder, ...path);
    if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}
