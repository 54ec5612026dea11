import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleGrid } from '@gradcast/evaluate';
import { decodeApng } from 'fast-png';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runAnimate, type AnimateOptions } from './animate.ts';

let folder = '';
let run = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-animate-'));
  run = join(folder, 'run');
  await mkdir(join(run, 'samples'), { recursive: true });
  await writeFile(join(run, 'config.json'), '{}');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const grid = (value: number, side = 4) =>
  sampleGrid(new Uint8Array(2 * side * side).fill(value), { count: 2, shape: [side, side, 1] });
const name = (step: number) => join(run, 'samples', `step-${String(step).padStart(6, '0')}.png`);
const save = async (...steps: number[]) => {
  for (const step of steps) await writeFile(name(step), grid(step & 255));
};

const options = (changes: Partial<AnimateOptions> = {}): AnimateOptions => {
  return { run, frames: 5, fps: 10, output: join(folder, 'training.png'), ...changes };
};

async function animate(changes: Partial<AnimateOptions> = {}, signal?: AbortSignal) {
  const lines: string[] = [];
  const result = await runAnimate(options(changes), { warn: (line) => void lines.push(line), signal });
  return { ...result, lines, film: decodeApng(await readFile(result.output), { checkCrc: true }) };
}

describe('runAnimate', () => {
  it("shows a run's grids in the order of their steps, the last one longer", async () => {
    await save(100, 20, 3);
    await writeFile(join(run, 'samples', 'notes.txt'), 'x');
    const { steps, lines, film } = await animate();
    expect(steps).toEqual([3, 20, 100]);
    expect(lines).toEqual(['3 frames of 3 grids, after steps 3, 20, 100']);
    expect(film.frames.map(({ data }) => data[2 * film.width + 2])).toEqual([3, 20, 100]);
    expect(film.frames.map(({ delayNumber }) => delayNumber)).toEqual([100, 100, 2000]);
  });

  it('leaves grids out evenly where there are too many', async () => {
    await save(...Array.from({ length: 41 }, (_, i) => 5 * i + 1));
    expect((await animate()).steps).toEqual([1, 51, 101, 151, 201]);
    const { steps, lines } = await animate({ frames: 9 });
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([9, 1, 201]);
    expect(lines).toEqual(['9 frames of 41 grids, after steps 1, 26, 51, ..., 151, 176, 201']);
  });

  it('refuses a run without grids, or that is none', async () => {
    await expect(animate()).rejects.toMatchObject({ code: 'no-grids', exitCode: 1 });
    await expect(animate({ run: join(folder, 'nowhere') })).rejects.toMatchObject({ code: 'run-missing' });
    expect(await readdir(folder)).toEqual(['run']);
  });

  it('names a grid that cannot be a frame, and leaves nothing half-written', async () => {
    await save(1, 2);
    await writeFile(name(3), grid(3, 5));
    await expect(animate()).rejects.toMatchObject({
      code: 'bad-grid',
      message: expect.stringMatching(/step-000003\.png cannot be a frame: .* differs from the first/) as string,
    });
    await writeFile(name(3), grid(3).subarray(0, 60));
    await expect(animate()).rejects.toMatchObject({ code: 'bad-grid' });
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(animate({}, stop.signal)).rejects.toThrow('stopped');
    expect(await readdir(folder)).toEqual(['run']);
  });
});
