import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LoadedBackend } from '@gradcast/engine';
import { ganTask, presets } from '@gradcast/gan';
import { genericKernels } from '@gradcast/network';
import { formulaParameters } from '@gradcast/task';
import { builtinTask } from '@gradcast/tasks';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runExport, type ExportOptions } from './export.ts';
import { saveTrained } from './outputs/saved-run.ts';

let folder = '';
let run = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-export-'));
  run = join(folder, 'run');
  const page = join(folder, 'page');
  await mkdir(page);
  await writeFile(join(page, 'index.html'), '{{title}}\n<!--weights-->\n<!--script-->');
  await writeFile(join(page, 'style.css'), '');
  await writeFile(join(page, 'page.js'), 'draw();');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const options = (format: ExportOptions['format'], output: string): ExportOptions => {
  return { run, format, output: join(folder, output), backend: 'wasm', task: null };
};

/** Says that it must not be needed. */
const noBackend = (): Promise<LoadedBackend> => Promise.reject(new Error('opened a backend'));
const around = (openBackend = noBackend) => ({
  openBackend,
  page: pathToFileURL(join(folder, 'page/')),
  warn: () => undefined,
});

async function saveClassic(): Promise<void> {
  const task = ganTask(presets.classic);
  await saveTrained(run, task, { preset: 'classic', parameters: formulaParameters(task) });
}

describe('runExport', () => {
  it('writes every format, and needs no backend where no network normalises', async () => {
    await saveClassic();
    for (const [format, output] of [
      ['tfjs', 'tfjs'],
      ['safetensors', 'g.safetensors'],
      ['onnx', 'g.onnx'],
      ['html', 'g.html'],
    ] as const) {
      const made = await runExport(options(format, output), around());
      expect(made).toMatchObject({ output: join(folder, output), step: 5 });
    }
    expect((await readdir(join(folder, 'tfjs'))).sort()).toEqual(['model.json', 'weights.bin']);
    const { byteLength } = await readFile(join(folder, 'tfjs', 'weights.bin'));
    expect(byteLength).toBe(4 * 1_057_601);
    const [title, weights, script] = (await readFile(join(folder, 'g.html'), 'utf8')).split('\n');
    expect([title, script]).toEqual(['Drawn by classic, trained for 5 steps', '<script>draw();</script>']);
    expect(Buffer.from(weights.replace(/<[^>]+>/g, ''), 'base64')).toHaveLength(byteLength);
    expect((await readdir(folder)).sort()).toEqual(['g.html', 'g.onnx', 'g.safetensors', 'page', 'run', 'tfjs']);
  });

  it('takes the moving average, and a classifier too, save as a page', async () => {
    const task = builtinTask({ preset: 'classifier', task: null })!;
    await saveTrained(run, task, { preset: 'classifier' });
    await runExport(options('tfjs', 'tfjs'), around());
    const weights = await readFile(join(folder, 'tfjs', 'weights.bin'));
    expect(weights.readFloatLE(0)).toBe(2);
    await expect(runExport(options('html', 'c.html'), around())).rejects.toMatchObject({
      code: 'cannot-export',
      exitCode: 1,
      message: 'the task classifier cannot be a page: only what draws images from noise can',
    });
    expect((await readdir(folder)).sort()).toEqual(['page', 'run', 'tfjs']);
  });

  it('asks a backend for the statistics of the reference inputs where a network normalises', async () => {
    const task = ganTask(presets.mnist);
    await saveTrained(run, task, { preset: 'mnist', parameters: formulaParameters(task) });
    const asked: number[] = [];
    const kernels = {
      ...genericKernels,
      matMul: (...[x]: Parameters<typeof genericKernels.matMul>): never => {
        asked.push(x.shape[0]);
        throw new Error('device lost');
      },
    };
    await tf.setBackend('cpu');
    const backend = { name: 'cpu', kernels, profile: {} } as unknown as LoadedBackend;
    const lost = runExport(
      options('onnx', 'g.onnx'),
      around(() => Promise.resolve(backend)),
    );
    await expect(lost).rejects.toThrow('device lost');
    expect(asked).toEqual([512]);
    expect((await readdir(folder)).sort()).toEqual(['page', 'run']);
  });

  it('refuses a place that is taken, before it reads the run', async () => {
    await mkdir(join(folder, 'full', 'of things'), { recursive: true });
    await expect(runExport(options('tfjs', 'full'), around())).rejects.toMatchObject({
      code: 'output-folder',
      exitCode: 2,
      message: `the folder ${join(folder, 'full')} is not empty`,
    });
    await expect(runExport(options('onnx', 'full'), around())).rejects.toMatchObject({ code: 'output-folder' });
    await expect(runExport(options('onnx', 'nowhere/g.onnx'), around())).rejects.toMatchObject({
      code: 'output-folder',
    });
  });
});
