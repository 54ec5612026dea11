import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import type { Machine } from '@gradcast/config';
import { FASHION_MNIST, MNIST } from '@gradcast/dataset';
import { encodeNpy } from '@gradcast/evaluate';
import { FLOORS } from '@gradcast/judge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runEvaluate, type EvaluateRequest } from './evaluate.ts';
import { scoreTable, type Evaluation } from './score-table.ts';
import { evaluateFromArgs, type Tools } from './tools.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-evaluate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const machine: Machine = { environment: {}, cores: 1, hostname: 'here' };
const silent = { say: () => undefined, warn: () => undefined, progress: undefined };

describe('evaluateFromArgs', () => {
  const asked: EvaluateRequest[] = [];
  const tools = {
    evaluate: () =>
      Promise.resolve((request: EvaluateRequest) => {
        asked.push(request);
        return Promise.resolve(0);
      }),
  } as unknown as Tools;

  it('has 10,000 images, the first judge and wasm unless told otherwise', async () => {
    expect(await evaluateFromArgs(['runs/RUN'], machine, tools, silent)).toBe(0);
    expect(asked.pop()).toEqual({
      source: 'runs/RUN',
      count: 10_000,
      seed: 0,
      judge: '0',
      raw: false,
      backend: 'wasm',
      data: null,
      task: null,
      json: false,
    });
    await evaluateFromArgs(['x.npy', '--judge', 'both', '--count=500', '--raw', '--json'], machine, tools, silent);
    expect(asked.pop()).toMatchObject({ source: 'x.npy', count: 500, judge: 'both', raw: true, json: true });
  });

  it.each([
    [[], 'missing-argument'],
    [['a', 'b'], 'unexpected-argument'],
    [['a', '--judge', '2'], 'unknown-choice'],
    [['a', '--count', '0'], 'out-of-range'],
  ])('refuses %j', async (args, code) => {
    await expect(evaluateFromArgs(args, machine, tools, silent)).rejects.toMatchObject({ problems: [{ code }] });
  });
});

describe('runEvaluate', () => {
  const request = (source: string, count = 100): EvaluateRequest => ({
    source,
    count,
    seed: 0,
    judge: '0',
    raw: false,
    backend: 'wasm',
    data: null,
    task: null,
    json: true,
  });
  const file = (name: string, count: number, shape: readonly [number, number, number]) => {
    const path = join(folder, name);
    writeFileSync(path, encodeNpy(new Uint8Array(count * shape[0] * shape[1] * shape[2]), { count, shape }));
    return path;
  };
  const refused = (wanted: EvaluateRequest) => expect(runEvaluate(wanted, silent)).rejects;

  it('refuses what cannot be scored, with a code and an exit status', async () => {
    await refused(request('x.npy', 5)).toMatchObject({ code: 'too-few-samples', exitCode: 2 });
    await refused(request(file('few.npy', 5, [28, 28, 1]))).toMatchObject({ code: 'too-few-samples' });
    await refused(request(file('wide.npy', 9, [32, 32, 1]))).toMatchObject({ code: 'image-shape', exitCode: 1 });
    await refused(request(join(folder, 'none'))).toMatchObject({ code: 'run-missing', exitCode: 2 });
    writeFileSync(join(folder, 'text.npy'), 'no array');
    await refused(request(join(folder, 'text.npy'))).toMatchObject({ code: 'npy-magic' });
  });

  it('refuses a data set without a judge', async () => {
    const data = join(folder, 'data');
    await mkdir(data);
    writeFileSync(join(data, 'images.npy'), encodeNpy(new Uint8Array(784 * 9), { count: 9, shape: [28, 28, 1] }));
    const wanted = { ...request(file('good.npy', 9, [28, 28, 1])), data };
    await refused(wanted).toMatchObject({
      code: 'no-judge',
      message: `there is no judge for the data set in ${data}: only MNIST and Fashion-MNIST have some`,
    });
  });
});

describe('scoreTable', () => {
  const real = FLOORS['mnist-0.safetensors']!;
  const evaluation: Evaluation = {
    source: 'runs/RUN',
    step: 7,
    weights: 'average',
    count: 10_000,
    seed: 3,
    backend: 'wasm',
    dataset: MNIST.sha256,
    judges: [
      { judge: '0', sha256: '', scores: { ...real, frechet: 45.8123, recall: 0.5 }, floor: real },
      { judge: '1', sha256: '', scores: real, floor: real },
    ],
  };

  it('has the samples beside real images, for each judge', () => {
    const lines = scoreTable(evaluation);
    expect(lines[0]).toBe('runs/RUN at step 7, moving average, 10000 images of seed 3, beside MNIST, on wasm');
    expect(lines).toContain('                        judge 0   real  judge 1   real  better');
    expect(lines).toContain('Fréchet distance          45.81   2.01     2.01   2.01  lower');
    expect(lines).toContain('recall                    0.500  0.861    0.861  0.861  higher');
    expect(lines.at(-1)).toContain('classes, judge 1: 0: 10.0 %  1: 11.3 %');
  });

  it('names the classes of other data sets', () => {
    const lines = scoreTable({ ...evaluation, dataset: FASHION_MNIST.sha256 });
    expect(lines[0]).toContain(', beside Fashion-MNIST, on wasm');
    expect(lines.at(-1)).toContain('classes, judge 1: T-shirt/top: 10.0 %  Trouser: 11.3 %');
  });
});
