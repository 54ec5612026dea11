import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadTensorflow } from '../load.ts';
import { fasterMode, measureMode, rememberedMode } from './choose-mode.ts';
import type { ModeChoice } from './choose-mode.ts';
import type { FunctionMode } from './device-function.ts';

/** Steps that take so long by a clock of their own. */
function steps(ms: Readonly<Record<FunctionMode, number>>, results?: Partial<Record<FunctionMode, number[]>>) {
  let time = 0;
  const taken: FunctionMode[] = [];
  return {
    taken,
    now: () => time,
    run: (mode: FunctionMode) => {
      taken.push(mode);
      time += ms[mode];
      return Float32Array.from(results?.[mode] ?? [1, 2]);
    },
  };
}

describe('fasterMode', () => {
  it('takes XLA where it is faster by a tenth', () => {
    const { run, now } = steps({ function: 10, 'function-xla': 8 });
    expect(fasterMode(run, now)).toEqual({ mode: 'function-xla', ms: { function: 10, 'function-xla': 8 } });
  });

  it('leaves it where it is hardly faster', () => {
    const { run, now, taken } = steps({ function: 10, 'function-xla': 9 });
    expect(fasterMode(run, now)).toMatchObject({ mode: 'function', reason: 'XLA is not faster' });
    expect(taken.filter((mode) => mode === 'function')).toHaveLength(taken.length / 2);
  });

  it('leaves it where it computes something else, or numbers that are none', () => {
    for (const wrong of [
      [1, 2.1],
      [NaN, 2],
    ]) {
      const { run, now } = steps({ function: 10, 'function-xla': 1 }, { 'function-xla': wrong });
      expect(fasterMode(run, now).reason).toMatch(/^XLA computes something else/);
    }
  });

  it('leaves it where it does not compile', () => {
    const { run, now } = steps({ function: 10, 'function-xla': 1 });
    const failing = (mode: FunctionMode) => {
      if (mode === 'function-xla') throw new Error('no ptxas');
      return run(mode);
    };
    expect(fasterMode(failing, now)).toEqual({ mode: 'function', reason: 'XLA does not compile: no ptxas' });
  });
});

describe('measureMode', () => {
  it('takes steps both ways and leaves nothing behind', async () => {
    // Needs the installed library: `gradcast doctor --install`.
    const eager = await loadTensorflow({ mode: 'eager' });
    const before = eager.backend.binding.getNumOfTensors();
    const { ms } = measureMode(eager, 1);
    expect(Object.values(ms!).every((each) => each > 0 && each < Infinity)).toBe(true);
    expect(eager.backend.binding.getNumOfTensors()).toBe(before);
  });
});

describe('rememberedMode', () => {
  const xla: ModeChoice = { mode: 'function-xla', ms: { function: 2, 'function-xla': 1 } };
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradcast-mode-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('measures once, whoever asks', async () => {
    const path = join(folder, 'functions', 'card.json');
    let measured = 0;
    const measure = () => {
      measured += 1;
      return xla;
    };
    const answers = await Promise.all([rememberedMode(path, measure), rememberedMode(path, measure)]);
    expect([...answers, await rememberedMode(path, measure)]).toEqual([xla, xla, xla]);
    expect(measured).toBe(1);
    expect(await readdir(join(folder, 'functions'))).toEqual(['card.json']);
  });

  it('does not try XLA again after a process died in it', async () => {
    const path = join(folder, 'card.json');
    await writeFile(`${path}.trying`, '');
    const choice = { mode: 'function', reason: 'a process died while it tried XLA' };
    expect(await rememberedMode(path, () => xla)).toEqual(choice);
    expect(await rememberedMode(path, () => xla)).toEqual(choice);
  });

  it('measures anew what is no answer', async () => {
    const path = join(folder, 'card.json');
    await writeFile(path, '{"mode":"graph"}');
    expect(await rememberedMode(path, () => xla)).toEqual(xla);
  });
});
