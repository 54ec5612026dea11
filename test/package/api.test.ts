/** Runs every example of docs/api.md, as it stands there, against the checkout's build. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { repository } from '@gradcast/testing';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const execute = promisify(execFile);
const text = await readFile(join(repository, 'docs', 'api.md'), 'utf8');

/** Each example with the heading above it. */
const examples = [...text.matchAll(/^## `(\w+)`\n(?:(?!^## )[^])*?^```ts\n([^]*?)^```$/gm)].map(([, name, code]) => ({
  name,
  code,
}));

/** What the examples print. */
const PRINTED: Readonly<Record<string, RegExp>> = {
  train: /^training in .+; others may join at ws:.+\ncompleted [0-9a-f]{64}\n$/,
  TrainOptions: /^2 4\n$/,
  TrainingRun: /^stopped\n$/,
  TrainingEvent: /waiting-for-workers -> running, because of quorum-reached\n[^]*\n3 loss_g [\d.]+\n/,
  GradcastError: /^not-a-power-of-two .+\n$/,
  defineTask: /^linear 784x10 10 function\n$/,
};

describe('docs/api.md', () => {
  let folder = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradcast-api-'));
    const { build } = (await import(pathToFileURL(join(repository, 'bin', 'build.mjs')).href)) as {
      build: () => Promise<string>;
    };
    // The checkout's build as the package that it becomes; only its place differs.
    const installed = join(folder, 'node_modules', 'gradcast');
    await mkdir(installed, { recursive: true });
    await symlink(await build(), join(installed, 'built'));
    await writeFile(join(installed, 'package.json'), JSON.stringify({ exports: './built/api.mjs' }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has an example of everything that is exported and has one at run time, and of the types that programs write', () => {
    expect(examples.map(({ name }) => name).sort()).toEqual(Object.keys(PRINTED).sort());
  });

  it.each(examples)('$name: does what it says', async ({ name, code }) => {
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const file = join(folder, `${name}.mjs`);
    await writeFile(file, outputText);
    const { stdout, stderr } = await execute(process.execPath, [file], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout).toMatch(PRINTED[name]);
  });

  it('tells of every export', async () => {
    const source = await readFile(join(repository, 'apps', 'cli', 'src', 'api.ts'), 'utf8');
    const names = [...source.matchAll(/^export (?:type )?\{ ([^}]+) \}/gm)].flatMap(([, list]) => list.split(', '));
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(text).toContain(`\`${name}`);
  });
});
