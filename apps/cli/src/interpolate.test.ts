import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ganTask, presets } from '@gradcast/gan';
import type { GradientEngine, MicroBatch } from '@gradcast/task';
import { decodeApng } from 'fast-png';
import { builtinTask } from '@gradcast/tasks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runInterpolate, type InterpolateOptions } from './interpolate.ts';
import { saveTrained } from './outputs/saved-run.ts';

let folder = '';
let run = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-interpolate-'));
  run = join(folder, 'run');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Paints each image in the colour that its noise begins with. */
class Painter implements GradientEngine {
  disposed = false;
  readonly calls: number[] = [];
  labels: number[] = [];
  load(): void {
    // Its pictures depend on the noise alone.
  }
  gradient(): Promise<void> {
    return Promise.reject(new Error('a walk needs no gradient'));
  }
  infer({ size, fields: { noise, ...rest } }: MicroBatch): Promise<Uint8Array> {
    this.calls.push(size);
    this.labels.push(...('labels' in rest ? rest.labels : []));
    const latent = noise.length / size;
    const colour = (index: number) => Math.min(255, Math.max(0, 128 + Math.round(40 * noise[index * latent])));
    return Promise.resolve(Uint8Array.from({ length: size * 784 }, (_, at) => colour(Math.floor(at / 784))));
  }
  dispose(): void {
    this.disposed = true;
  }
}

const options = (changes: Partial<InterpolateOptions> = {}): InterpolateOptions => ({
  ...{ run, count: 4, points: 3, frames: 5, fps: 20, seed: 3, output: join(folder, 'walk.png') },
  ...{ backend: 'wasm', task: null },
  ...changes,
});

function around() {
  const engine = new Painter();
  return { engine, openEngine: () => Promise.resolve(engine), warn: () => undefined };
}

describe('runInterpolate', () => {
  it('writes a closed walk whose frames change a little at a time', async () => {
    await saveTrained(run, ganTask(presets.mnist), { preset: 'mnist' });
    const tools = around();
    const seen: (readonly [number, number])[] = [];
    const result = await runInterpolate(options(), { ...tools, progress: (...at) => void seen.push(at) });
    expect(result).toMatchObject({ output: join(folder, 'walk.png'), frames: 15, step: 5 });
    const { frames, width, height, numberOfPlays } = decodeApng(await readFile(result.output), { checkCrc: true });
    expect([frames.length, width, height, numberOfPlays]).toEqual([15, 62, 62, 0]);
    expect(new Set(frames.map(({ delayNumber, delayDenominator }) => delayNumber / delayDenominator))).toEqual(
      new Set([0.05]),
    );
    const colours = frames.map(({ data }) => data[2 * 62 + 2]);
    const turns = colours.map((colour, at) => Math.abs(colour - colours[(at + 1) % 15]));
    expect(Math.max(...turns)).toBeLessThan(Math.max(...colours) - Math.min(...colours));
    expect(new Set(colours).size).toBeGreaterThan(5);
    expect(seen.at(-1)).toEqual([15, 15]);
    expect(tools.engine.disposed).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['run', 'walk.png']);
  });

  it('draws a bounded number of samples at a time, to the same file', async () => {
    await saveTrained(run, ganTask(presets.mnist), { preset: 'mnist' });
    const tools = around();
    await runInterpolate(options({ count: 900, points: 2, frames: 3 }), tools);
    expect(tools.engine.calls).toEqual([1800, 1800, 1800]);
    expect(decodeApng(await readFile(join(folder, 'walk.png'))).frames).toHaveLength(6);
  });

  it('leaves nothing behind when it is stopped, and nothing changed when drawing fails', async () => {
    await saveTrained(run, ganTask(presets.mnist), { preset: 'mnist' });
    const stop = new AbortController();
    const reason = new Error('stopped');
    const progress = () => stop.abort(reason);
    const stopped = runInterpolate(options({ count: 900 }), { ...around(), signal: stop.signal, progress });
    await expect(stopped).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual(['run']);
    const tools = around();
    tools.engine.infer = () => Promise.reject(new Error('out of memory'));
    await expect(runInterpolate(options(), tools)).rejects.toThrow('out of memory');
    expect(tools.engine.disposed).toBe(true);
    expect(await readdir(folder)).toEqual(['run']);
  });

  it('keeps the class of each walk', async () => {
    await saveTrained(run, ganTask(presets.conditional), { preset: 'conditional' });
    const tools = around();
    await runInterpolate(options({ count: 3, points: 2, frames: 2 }), tools);
    expect(tools.engine.labels).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it('refuses what draws no images', async () => {
    const classifier = builtinTask({ preset: 'classifier', task: null })!;
    await saveTrained(run, classifier, { preset: 'classifier' });
    await expect(runInterpolate(options(), around())).rejects.toMatchObject({ code: 'no-samples' });
  });
});
