/** Needs the installed library: `gradcast doctor --install`. */
import { createEngine } from '@gradcast/engine';
import type { LoadedBackend } from '@gradcast/engine';
import { distance, gradientOf } from '@gradcast/engine/conformance';
import { ganTask, presets, tinyPresets } from '@gradcast/gan';
import type { Trainable } from '@gradcast/network';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTensorflow } from '../load.ts';
import type { LoadedTensorflow } from '../load.ts';
import type { Recorder } from '../recorder.ts';
import { canBeFunction, FunctionEngine } from './engine.ts';
import { trialTask } from './trial-task.ts';

const SAMPLES = 17;
let eager: LoadedTensorflow;
let graph: LoadedTensorflow;
let functions: LoadedTensorflow;

beforeAll(async () => {
  eager = await loadTensorflow({ mode: 'eager' });
  graph = await loadTensorflow({ mode: 'graph' });
  functions = await loadTensorflow({ mode: 'function' });
}, 60_000);

async function gradient(task: Trainable, backend: LoadedBackend, change?: (parameters: Float32Array) => void) {
  const engine = createEngine(task, backend);
  const parameters = formulaParameters(task);
  change?.(parameters);
  engine.load(parameters);
  const vector = await gradientOf(engine, task, formulaMicroBatch(task, SAMPLES));
  engine.dispose();
  return vector;
}

/** The last bias: what lies before the logits. */
function withMargin(task: Trainable, margin: number) {
  const { offset, size } = task.parameters.entries.findLast(({ name }) => name.endsWith('/bias'))!;
  return (parameters: Float32Array) => {
    parameters[offset + size - 1] = margin;
  };
}

describe('a step as one function', () => {
  it('is told from graphs by the profile', () => {
    expect([graph, functions].map(({ profile }) => profile.mode)).toEqual(['graph', 'function']);
  });

  it.each(Object.entries({ ...tinyPresets, mnist: presets.mnist }))(
    'has the gradient and tail of session graphs: %s',
    async (_, preset) => {
      const task = ganTask({ ...preset, measuresFakes: true });
      const [expected, actual] = [await gradient(task, graph), await gradient(task, functions)];
      const { length } = task.parameters;
      expect(distance(actual.subarray(0, length), expected.subarray(0, length))).toBeLessThan(1e-6);
      expect(distance(actual.subarray(length), expected.subarray(length))).toBeLessThan(1e-6);
    },
  );

  it.each([-60, -39, 20])('computes as the host decides where margins are %d', async (margin) => {
    for (const preset of [tinyPresets.sigmoid, tinyPresets.softmax, tinyPresets.relativistic]) {
      const task = ganTask(preset);
      const [expected, actual] = [
        await gradient(task, graph, withMargin(task, margin)),
        await gradient(task, functions, withMargin(task, margin)),
      ];
      expect(distance(actual, expected), preset.name).toBeLessThan(1e-5);
    }
  });

  it('leaves no tensor behind', async () => {
    const task = ganTask(tinyPresets.sigmoid);
    const { binding } = functions.backend;
    const before = binding.getNumOfTensors();
    const engine = createEngine(task, functions);
    engine.load(formulaParameters(task));
    for (const size of [4, 5, 4]) await gradientOf(engine, task, formulaMicroBatch(task, size));
    // The parameters, and what they go up from.
    expect(binding.getNumOfTensors()).toBe(before + 2);
    engine.dispose();
    expect(binding.getNumOfTensors()).toBe(before);
  });

  it('is compiled by XLA where that is asked for', async () => {
    const compiled = await loadTensorflow({ mode: 'function-xla' });
    expect(compiled.profile.mode).toBe('function-xla');
    const task = trialTask(2);
    const [expected, actual] = [await gradient(task, functions), await gradient(task, compiled)];
    expect(distance(actual, expected)).toBeLessThan(1e-5);
  });

  it('runs without XLA where that lacks an op, with the same bits', async () => {
    const told: string[] = [];
    const task = ganTask(tinyPresets.resized);
    if (!canBeFunction(task)) throw new Error('a GAN has a step graph');
    const engine = new FunctionEngine(task, { eager, mode: 'function-xla', tell: (sentence) => told.push(sentence) });
    engine.load(formulaParameters(task));
    expect(await gradientOf(engine, task, formulaMicroBatch(task, SAMPLES))).toEqual(await gradient(task, functions));
    engine.dispose();
    expect(told).toEqual([expect.stringMatching(/^TensorFlow computes steps of tiny-resized without XLA, .*Grad/)]);
  });

  it('runs op by op where it makes none, and says so once', async () => {
    const told: string[] = [];
    const recorder = {
      record: () => {
        throw new Error('no recording\nof that');
      },
    } as unknown as Recorder;
    const task = ganTask(tinyPresets.sigmoid);
    const tell = (sentence: string) => told.push(sentence);
    if (!canBeFunction(task)) throw new Error('a GAN has a step graph');
    const engine = new FunctionEngine(task, { eager: { ...eager, recorder }, mode: 'function-xla', tell });
    engine.load(formulaParameters(task));
    for (let round = 0; round < 2; round++) {
      const actual = await gradientOf(engine, task, formulaMicroBatch(task, SAMPLES));
      expect(actual).toEqual(await gradient(task, eager));
    }
    engine.dispose();
    expect(told).toEqual([
      `TensorFlow computes steps of ${task.name} without XLA, because they make no function-xla here: no recording`,
      `TensorFlow computes steps of ${task.name} op by op, because they make no function here: no recording`,
    ]);
  });
});
