import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { anyRuntimeLibraries } from './runtimes.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What a tsconfig of a library means, with what it extends. */
function read(library, name) {
  const file = join(root, 'libs', library, name);
  const { config, error } = ts.readConfigFile(file, ts.sys.readFile);
  if (error) throw new Error(`${file} cannot be read`);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(file));
  return { types: options.types, lib: options.lib, tests: fileNames.filter((path) => path.endsWith('.test.ts')) };
}

describe('libraries that run anywhere', () => {
  it('are some', () => expect(anyRuntimeLibraries().length).toBeGreaterThan(10));

  it.each(anyRuntimeLibraries())('%s checks its sources without types of Node or of a document', (library) => {
    const { types, lib, tests } = read(library, 'tsconfig.json');
    expect(types.filter((name) => name === 'node')).toEqual([]);
    expect(lib.filter((name) => name.startsWith('lib.dom'))).toEqual([]);
    expect(tests).toEqual([]);
  });

  it.each(anyRuntimeLibraries())('%s checks its tests all the same', (library) => {
    const all = ts.sys.readDirectory(join(root, 'libs', library, 'src'), ['.test.ts']);
    if (all.length === 0) return;
    expect(read(library, 'tsconfig.test.json').tests.sort()).toEqual(all.sort());
    const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
    expect(references.map(({ path }) => path)).toContain(`./libs/${library}/tsconfig.test.json`);
  });
});
