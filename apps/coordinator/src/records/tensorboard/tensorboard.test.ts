/** What TensorBoard's own reader makes of the files. */
import { appendFile, mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layOut } from '@gradcast/tensors';
import { pythonHas, readByPython } from '@gradcast/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NumberedEvent } from '../../events.ts';
import type { Grid } from '../outputs.ts';
import { histogramRecord } from './histogram-record.ts';
import { TensorBoard } from './tensorboard.ts';
import type { TensorBoardOptions } from './tensorboard.ts';

/** Prints what an EventAccumulator has of a folder, as JSON. */
const READ = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
read = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
read.Reload()
tags = read.Tags()
number = lambda value: None if value != value else value
histogram = lambda h: [h.min, h.max, h.num, h.sum, h.sum_squares, list(h.bucket_limit), list(h.bucket)]
print(json.dumps({
  "scalars": {tag: [[e.step, number(e.value), e.wall_time] for e in read.Scalars(tag)] for tag in tags["scalars"]},
  "images": {tag: [[e.step, e.width, e.height, e.encoded_image_string.hex()] for e in read.Images(tag)] for tag in tags["images"]},
  "histograms": {tag: [[e.step, *histogram(e.histogram_value)] for e in read.Histograms(tag)] for tag in tags["histograms"]},
}))
`;

interface Read {
  readonly scalars: Readonly<Record<string, [step: number, value: number, time: number][]>>;
  readonly images: Readonly<Record<string, [step: number, width: number, height: number, hex: string][]>>;
  readonly histograms: Readonly<Record<string, [number, number, number, number, number, number, number[], number[]][]>>;
}

const isThere = pythonHas('tensorboard.backend.event_processing.event_accumulator');

const parameters = layOut([
  { name: 'generator/dense/kernel', shape: [2, 2] },
  { name: 'discriminator/dense/bias', shape: [1] },
]);
/** The head of an 8-bit grey PNG of 3x2 pixels; TensorBoard looks no further. */
const PNG = Buffer.from('89504e470d0a1a0a0000000d494844520000000300000002080000000000000000', 'hex');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-tensorboard-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = async () => (await readByPython(READ, { args: [join(folder, 'tensorboard')] })) as Read;

async function harness(change: Partial<TensorBoardOptions> = {}) {
  const failed: string[] = [];
  let grid: Grid | undefined;
  const tensorboard = await TensorBoard.open({
    runFolder: folder,
    task: { parameters },
    version: 0,
    every: 2,
    totalSteps: 5,
    grid: () => grid,
    wallClock: () => 1_790_000_000_500,
    writing: { failed: ({ message }) => void failed.push(message), written: () => undefined },
    onFailed: (sentence) => void failed.push(sentence),
    thread: {
      ask: (request) => Promise.resolve(histogramRecord({ entries: parameters.entries }, request)),
      close: () => Promise.resolve(),
    },
    ...change,
  });
  const line = (step: number, loss: number) => tensorboard.line({ step, time: 100 + step, loss_g: loss });
  const event = (told: object) => tensorboard.event({ seq: 1, time: 100, ...told } as NumberedEvent);
  const draw = async (step: number, bytes: Uint8Array | null = PNG) => {
    await mkdir(join(folder, 'samples'), { recursive: true });
    const path = join(folder, 'samples', `${step}.png`);
    if (bytes) await writeFile(path, bytes);
    grid = { step, path };
    const classes = { shares: [0.5, 0.5], entropy: Math.LN2, confidence: 1, holding: 2 };
    event({ type: 'sampled', step, spread: 0.25, classes });
  };
  return { tensorboard, line, event, draw, failed };
}

const vector = (...values: number[]) => {
  const flat = new Float32Array(parameters.length);
  flat.set(values.slice(0, 4), 0);
  flat.set(values.slice(4), parameters.entries[1].offset);
  return flat;
};

describe.skipIf(!isThere)("TensorBoard's reader (needs the Python package tensorboard)", () => {
  it('finds scalars, images and histograms', async () => {
    const { tensorboard, line, event, draw, failed } = await harness();
    line(1, 0.5);
    line(2, NaN);
    event({
      type: 'evaluated',
      step: 1,
      frechet: 45.5,
      shares: [0.25, 0.75],
      heldOut: { d_x: { training: 0.75, test: 0.5 } },
    });
    event({ type: 'scored', step: 2, split: 'test', samples: 10, accuracy: 0.5 });
    event({ type: 'joined' });
    await draw(2);
    const weights = vector(1, 2, 3, 4, 7);
    for (const step of [1, 2, 3]) tensorboard.stepped(step, { weights, gradient: vector(0, 0, 0, 0, NaN) });
    weights.fill(0);
    await tensorboard.close();
    const { scalars, images, histograms } = await read();
    expect(scalars['train/loss_g']).toEqual([
      [1, 0.5, 101],
      [2, null, 102],
    ]);
    expect(scalars['quality/frechet']).toEqual([[1, 45.5, 100]]);
    expect(scalars['quality/val_d_x']).toEqual([[1, 0.5, 100]]);
    expect(scalars['quality/class_share_1']).toEqual([[1, 0.75, 100]]);
    expect(scalars['quality/test_accuracy']).toEqual([[2, 0.5, 100]]);
    expect(scalars['samples/spread']).toEqual([[2, 0.25, 100]]);
    expect(scalars['samples/classes']).toEqual([[2, 2, 100]]);
    expect(images).toEqual({ 'samples/grid': [[2, 3, 2, PNG.toString('hex')]] });
    expect(Object.keys(histograms).sort()).toEqual([
      'gradients/generator/dense/kernel',
      'weights/discriminator/dense/bias',
      'weights/generator/dense/kernel',
    ]);
    const [[step, min, max, num, sum, squares, limits, counts], ...others] =
      histograms['weights/generator/dense/kernel'];
    expect([step, min, max, num, sum, squares, others]).toEqual([2, 1, 4, 4, 10, 30, []]);
    expect([limits.length, counts.length, counts.reduce((a, b) => a + b)]).toEqual([30, 30, 4]);
    expect(failed).toEqual([]);
  });

  it('sees no step twice of a run that was killed and resumed, even by a clock that was set back', async () => {
    const killed = await harness();
    for (const step of [1, 2, 3, 4]) killed.line(step, step);
    await killed.tensorboard.close();
    const [first] = await readdir(join(folder, 'tensorboard'));
    // What a killed process left unfinished.
    await appendFile(join(folder, 'tensorboard', first), Buffer.from('ff00000000000000aabb', 'hex'));
    const resumed = await harness({ version: 2, wallClock: () => 1_600_000_000_000 });
    for (const step of [3, 4, 5]) resumed.line(step, 10 * step);
    await resumed.tensorboard.close();
    const names = (await readdir(join(folder, 'tensorboard'))).sort();
    expect(names).toEqual([first, 'events.out.tfevents.1790000001.gradcast']);
    const { scalars } = await read();
    expect(scalars['train/loss_g'].map(([step, value]) => [step, value])).toEqual([
      [1, 1],
      [2, 2],
      [3, 30],
      [4, 40],
      [5, 50],
    ]);
  });
});

describe('event files', () => {
  it('have histograms of every so many steps and of the last, of those not counted in time the first', async () => {
    const asked: number[] = [];
    const answers: (() => void)[] = [];
    const ask = ({ step }: { step: number }) => {
      asked.push(step);
      return new Promise<Uint8Array>((resolve) => answers.push(() => resolve(new Uint8Array())));
    };
    const { tensorboard } = await harness({ totalSteps: 7, thread: { ask, close: () => Promise.resolve() } });
    const both = { weights: vector(1), gradient: vector(2) };
    for (const step of [1, 2, 3, 4, 7]) tensorboard.stepped(step, both);
    expect(asked).toEqual([2]);
    answers[0]();
    await expect.poll(() => asked).toEqual([2, 7]);
    answers[1]();
    await tensorboard.close();
  });

  it('wait for the last histograms no longer than they may', async () => {
    const thread = { ask: () => new Promise<Uint8Array>(() => undefined), close: () => Promise.resolve() };
    const { tensorboard, failed } = await harness({ thread, patienceMs: 5 });
    tensorboard.stepped(5, { weights: vector(1), gradient: vector(2) });
    await tensorboard.close();
    expect(failed).toEqual(['the last histograms were not there within 0.005 s']);
  });

  it('do without a grid that is none, or that is gone', async () => {
    const { tensorboard, draw, failed } = await harness();
    await draw(2, new Uint8Array(100));
    await draw(4, null);
    await tensorboard.close();
    expect(failed).toEqual([expect.stringMatching(/^no sample grid for TensorBoard: ENOENT/)]);
  });

  it('say where they cannot be, and end no run for a full disk', async () => {
    await writeFile(join(folder, 'tensorboard'), '');
    await expect(harness()).rejects.toMatchObject({ code: 'out-not-writable' });
    await rm(join(folder, 'tensorboard'));
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const disk = {
      write: () => Promise.reject(full),
      truncate: () => Promise.resolve(),
      datasync: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const { tensorboard, line, failed } = await harness({ open: () => Promise.resolve(disk) });
    line(1, 1);
    await expect(tensorboard.close()).rejects.toMatchObject({ code: 'out-not-writable' });
    expect(failed[0]).toMatch(/gradcast cannot be written \(ENOSPC\)$/);
  });
});
