import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chosenTask, findTask } from './find.ts';
import { loadOwnTask } from './load.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast own task-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>, under = folder): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(under, name)), { recursive: true });
    await writeFile(join(under, name), text);
  }
  return join(under, 'task.ts');
}

const TASK = `
import { defineTask, fields, layers, meanSquaredError } from 'gradcast';
import { width } from './parts/width.ts';
const points = fields.noise('points', { shape: [2] });
export default defineTask({
  name: 'points', fields: [points],
  networks: { net: { input: [2], layers: [layers.dense(width as number), layers.dense(2)] } },
  optimizer: { learningRate: 0.1 }, microBatch: 4, defaultSteps: 3, scalars: { loss: {} },
  async step({ fields: { points: x }, networks: { net } }) {
    const y = net.forward(x);
    const { loss, seed } = await meanSquaredError(y, x);
    net.backward(y, seed);
    return { loss };
  },
});
`;
const WIDTH = `export const width: number = 5;\n`;
const SOUND = { 'task.ts': TASK, 'parts/width.ts': WIDTH };
const refusal = (path: string): { code: string; message: string } => {
  try {
    loadOwnTask(path);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it was taken');
};

describe('loadOwnTask', () => {
  it('makes a task of a TypeScript file and those that it imports', async () => {
    const { task, files, sha256 } = loadOwnTask(await write(SOUND));
    expect(task).toMatchObject({ name: 'points', microBatch: 4, microBatches: 4, defaultSteps: 3 });
    expect(task.parameters.entries[0].shape).toEqual([2, 5]);
    expect(files).toEqual(['task.ts', 'parts/width.ts']);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('has one digest wherever the files lie and however the file is called', async () => {
    const { sha256 } = loadOwnTask(await write(SOUND));
    const elsewhere = join(folder, 'über', 'there');
    await write({ 'parts/width.ts': WIDTH, 'my-task.mts': TASK }, elsewhere);
    expect(loadOwnTask(join(elsewhere, 'my-task.mts')).sha256).toBe(sha256);
  });

  it('has another digest for every change of a file, be it a comment', async () => {
    const digests = new Set<string>();
    for (const [task, width] of [
      [TASK, WIDTH],
      [`${TASK}// changed\n`, WIDTH],
      [TASK, WIDTH.replace('5', '6')],
    ]) {
      digests.add(loadOwnTask(await write({ 'task.ts': task, 'parts/width.ts': width })).sha256);
    }
    expect(digests.size).toBe(3);
  });

  it('is not changed by a tsconfig.json beside it', async () => {
    const { sha256 } = loadOwnTask(await write(SOUND));
    await write({ 'tsconfig.json': '{ "compilerOptions": { "paths": { "gradcast": ["./evil.ts"] } } }' });
    expect(loadOwnTask(join(folder, 'task.ts'))).toMatchObject({ sha256, task: { name: 'points' } });
  });

  it('may be exported by name', async () => {
    const text = TASK.replace('export default', 'export const task =');
    expect(loadOwnTask(await write({ ...SOUND, 'task.ts': text })).task.name).toBe('points');
  });

  it.each<[string, string, string, string]>([
    ['no TypeScript', 'export default {', 'task-syntax', 'line 1'],
    ['a file that is not there', `import './no.ts';`, 'task-syntax', './no.ts'],
    ['a package', `import 'lodash';`, 'task-import', 'not lodash'],
    ['a part of Node', `import { readFileSync } from 'node:fs'; readFileSync('/');`, 'task-import', 'not node:fs'],
    ['a package when it runs', `export default require('child_process');`, 'task-import', 'not child_process'],
    ['a file that throws', `throw new Error('no luck');`, 'task-invalid', 'fails: no luck'],
    ['no export', `console.log;`, 'task-invalid', 'exports no task'],
    ['something else', `export default 3;`, 'task-invalid', 'exports no task'],
    ['the name of a built-in task', TASK.replace(`'points', fields`, `'mnist', fields`), 'task-invalid', 'built-in'],
    [
      'a layer that does not fit',
      TASK.replace('layers.dense(2)', 'layers.conv(1, 3)'),
      'task-invalid',
      'needs an image',
    ],
  ])('refuses %s', async (_, text, code, words) => {
    const { code: found, message } = refusal(await write({ ...SOUND, 'task.ts': text }));
    expect(found).toBe(code);
    expect(message).toContain(words);
    expect(message).not.toContain('\n');
  });

  it('refuses what is no file, and a file that is too large', async () => {
    expect(refusal(join(folder, 'none.ts')).code).toBe('task-missing');
    expect(refusal(folder).message).toContain('is not a file');
    const large = `export const width = 5; // ${'x'.repeat(5 * 2 ** 20)}`;
    expect(refusal(await write({ ...SOUND, 'parts/width.ts': large })).message).toContain('more than 4194304 bytes');
  });
});

describe('findTask', () => {
  it('finds built-in tasks by name, and no others', () => {
    expect(findTask({ preset: 'mnist', task: null }, null)?.name).toBe('mnist');
    expect(findTask({ preset: 'other', task: null }, null)).toBeUndefined();
    expect(findTask({ preset: 'points', task: 'ab'.repeat(32) }, null)).toBeUndefined();
  });

  it('takes a file that is the run’s and refuses another', async () => {
    const path = await write(SOUND);
    const { sha256 } = loadOwnTask(path);
    expect(findTask({ preset: 'points', task: sha256 }, path)?.name).toBe('points');
    expect(() => findTask({ preset: 'points', task: 'ab'.repeat(32) }, path)).toThrow(
      'the run trains points (SHA-256 abab',
    );
    expect(() => findTask({ preset: 'lines', task: sha256 }, path)).toThrow('defines points');
  });
});

describe('chosenTask', () => {
  it('brings the task with what a definition says of it', async () => {
    expect(chosenTask('mnist', null)).toMatchObject({
      task: { name: 'mnist' },
      identity: { preset: 'mnist', task: null },
    });
    const path = await write(SOUND);
    const { sha256 } = loadOwnTask(path);
    const chosen = chosenTask('points', path);
    expect(chosen).toMatchObject({ task: { name: 'points' }, identity: { preset: 'points', task: sha256 } });
    expect(() => chosenTask('lines', path)).toThrow('defines points now');
  });
});
