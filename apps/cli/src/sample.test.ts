import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputInputs, referenceInputs } from '@gradcast/evaluate';
import { ganTask, presets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import type { GradientEngine, MicroBatch } from '@gradcast/task';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveTrained } from './outputs/saved-run.ts';
import { runSample, type SampleOptions } from './sample.ts';

let folder = '';
let run = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-sample-'));
  run = join(folder, 'run');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Saves a state of a preset whose weights are all 1 and whose average, if any, is all 2. */
function save(preset: string, step = 5, like: PresetName = 'mnist'): Promise<string> {
  return saveTrained(run, ganTask(presets[like]), { preset, step });
}

/** Remembers what it was given; its images count up from 0. */
class FakeEngine implements GradientEngine {
  loaded = new Float32Array();
  inputs: MicroBatch | undefined;
  reference: MicroBatch | undefined;
  disposed = false;
  load(parameters: Float32Array): void {
    this.loaded = parameters.slice();
  }
  gradient(): Promise<void> {
    return Promise.reject(new Error('samples need no gradient'));
  }
  infer(inputs: MicroBatch, reference?: MicroBatch): Promise<Uint8Array> {
    this.inputs = inputs;
    this.reference = reference;
    return Promise.resolve(Uint8Array.from({ length: inputs.size * 784 }, (_, index) => index & 255));
  }
  dispose(): void {
    this.disposed = true;
  }
}

const options = (changes: Partial<SampleOptions> = {}): SampleOptions => ({
  run,
  count: 5,
  digit: null,
  seed: 7,
  output: join(folder, 'out.npy'),
  backend: 'wasm',
  task: null,
  ...changes,
});

function around() {
  const engine = new FakeEngine();
  const lines: string[] = [];
  return { engine, lines, openEngine: () => Promise.resolve(engine), warn: (line: string) => void lines.push(line) };
}

describe('runSample', () => {
  it('draws with the moving average and writes an array', async () => {
    const path = await save('mnist');
    const tools = around();
    expect(await runSample(options(), tools)).toEqual({ output: join(folder, 'out.npy'), checkpoint: path, step: 5 });
    const { engine, lines } = tools;
    const {
      output,
      groups: [, discriminator],
    } = ganTask(presets.mnist);
    expect(engine.loaded[0]).toBe(2);
    expect(engine.loaded[discriminator.from]).toBe(1);
    expect(engine.inputs).toEqual(outputInputs(output!, { count: 5, seed: 7 }));
    expect(engine.reference).toEqual(referenceInputs(output!));
    expect(engine.disposed).toBe(true);
    expect(lines).toEqual([]);
    const npy = await readFile(join(folder, 'out.npy'));
    expect(npy.toString('latin1', 1, 6)).toBe('NUMPY');
    expect(npy.length % 64).toBe((5 * 784) % 64);
    expect((await readdir(folder)).sort()).toEqual(['out.npy', 'run']);
  });

  it('draws with the weights themselves where there is no average, and writes a grid', async () => {
    const checkpoint = await save('classic', 9, 'classic');
    const tools = around();
    const output = join(folder, 'grid.PNG');
    expect((await runSample(options({ run: checkpoint, output }), tools)).step).toBe(9);
    // Ones, and the padding between tensors.
    expect(new Set(tools.engine.loaded)).toEqual(new Set([1, 0]));
    expect((await readFile(output)).toString('latin1', 1, 4)).toBe('PNG');
  });

  it('writes a folder with one PNG a sample, over an empty one too', async () => {
    await save('mnist');
    const output = join(folder, 'digits');
    await mkdir(output);
    expect(await runSample(options({ count: 11, output: `${output}/` }), around())).toMatchObject({ output });
    expect(await readdir(output)).toEqual(Array.from({ length: 11 }, (_, i) => `${String(i).padStart(2, '0')}.png`));
    expect((await readFile(join(output, '10.png'))).toString('latin1', 1, 4)).toBe('PNG');
    expect((await readdir(folder)).sort()).toEqual(['digits', 'run']);
    await expect(runSample(options({ output: `${output}/` }), around())).rejects.toMatchObject({
      code: 'output-folder',
      message: `the folder ${output} is not empty`,
    });
  });

  it('draws the digit that is asked for, or all of them in turn', async () => {
    await save('conditional', 5, 'conditional');
    const tools = around();
    const labels = () => [...tools.engine.inputs!.fields.labels];
    await runSample(options({ digit: 7 }), tools);
    expect(labels()).toEqual([7, 7, 7, 7, 7]);
    expect(tools.engine.reference!.fields.labels.subarray(0, 12)).toEqual(
      Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1),
    );
    const { noise } = tools.engine.inputs!.fields;
    await runSample(options({ count: 12 }), tools);
    expect(labels()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    expect(tools.engine.inputs!.fields.noise.subarray(0, 500)).toEqual(noise);
  });

  it('draws as many as a grid has, with a row for each digit', async () => {
    await save('conditional', 5, 'conditional');
    const tools = around();
    const output = join(folder, 'grid.png');
    const counts: number[] = [];
    for (const digit of [null, 3]) {
      await runSample(options({ output, count: null, digit }), tools);
      counts.push(tools.engine.inputs!.size);
    }
    await save('mnist');
    await runSample(options({ output, count: null }), tools);
    expect([...counts, tools.engine.inputs!.size]).toEqual([80, 64, 64]);
    await save('conditional', 7, 'conditional');
    await runSample(options({ output, count: null }), tools);
    const png = await readFile(output);
    // 8 columns and 10 rows of 28 pixels with 2 around each.
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([242, 302]);
  });

  it('refuses a digit that there is none of, or where samples have no digit', async () => {
    await save('conditional', 5, 'conditional');
    await expect(runSample(options({ digit: 10 }), around())).rejects.toMatchObject({
      code: 'digit-unknown',
      exitCode: 2,
      message: '--digit must be from 0 to 9 for the preset conditional, but is 10',
    });
    await save('mnist');
    await expect(runSample(options({ digit: 7 }), around())).rejects.toMatchObject({ code: 'no-labels', exitCode: 2 });
  });

  it('says when it fell back behind a damaged checkpoint', async () => {
    const sound = await save('mnist', 5);
    const damaged = await save('mnist', 6);
    await writeFile(damaged, 'x');
    const tools = around();
    expect((await runSample(options(), tools)).checkpoint).toBe(sound);
    expect(tools.lines).toEqual([expect.stringMatching(/000006\.safetensors is cut short.*before it is used$/)]);
  });

  it('refuses a run that is not there or has no checkpoint', async () => {
    await expect(runSample(options(), around())).rejects.toMatchObject({ code: 'run-missing', exitCode: 2 });
    await mkdir(run);
    await expect(runSample(options(), around())).rejects.toMatchObject({ code: 'checkpoint-missing' });
  });

  it('refuses a checkpoint of an unknown preset or that does not fit its own', async () => {
    await save('mnist2');
    await expect(runSample(options(), around())).rejects.toMatchObject({ code: 'checkpoint-preset', exitCode: 1 });
    await save('classic', 6, 'mnist');
    await expect(runSample(options(), around())).rejects.toMatchObject({ code: 'checkpoint-preset' });
  });

  it('refuses an output of another kind or in the wrong place, before it opens a backend', async () => {
    await save('mnist');
    const refused = (output: string) => {
      const openEngine = () => Promise.reject(new Error('opened a backend'));
      return expect(runSample(options({ output }), { openEngine })).rejects;
    };
    await refused(join(folder, 'out.jpg')).toMatchObject({ code: 'output-kind', exitCode: 2 });
    await refused(join(folder, 'nowhere', 'out.png')).toMatchObject({ code: 'output-folder', exitCode: 2 });
    await mkdir(join(folder, 'dir.png'));
    await refused(join(folder, 'dir.png')).toMatchObject({ code: 'output-folder' });
    await refused(`${join(folder, 'nowhere', 'digits')}/`).toMatchObject({ code: 'output-folder', exitCode: 2 });
    await writeFile(join(folder, 'file'), '');
    await refused(`${join(folder, 'file')}/`).toMatchObject({
      message: expect.stringMatching(/is a file, not a/) as string,
    });
    await refused('/proc/out.png').toMatchObject({ code: 'output-not-writable', exitCode: 1 });
  });

  it('leaves nothing behind when generating fails', async () => {
    await save('mnist');
    const tools = around();
    tools.engine.infer = () => Promise.reject(new Error('out of memory'));
    for (const output of ['out.npy', 'out.png', 'digits/']) {
      const { engine } = tools;
      engine.disposed = false;
      await expect(runSample(options({ output: `${folder}/${output}` }), tools)).rejects.toThrow('out of memory');
      expect(engine.disposed).toBe(true);
    }
    expect(await readdir(folder)).toEqual(['run']);
  });
});
