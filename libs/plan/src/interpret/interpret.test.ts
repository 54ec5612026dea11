import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { createEngine } from '@gradcast/engine';
import { ganTask, tinyPresets } from '@gradcast/gan';
import { genericKernels } from '@gradcast/network';
import type { Trainable } from '@gradcast/network';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { builtinTasks } from '@gradcast/tasks';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkPlan } from '../builder.ts';
import { compileOutput } from '../compile-output.ts';
import { compileStep } from '../compile-step.ts';
import { interpret } from './interpret.ts';

const profile = { backend: 'cpu', libraryVersion: '', device: 'cpu', threads: 1, features: '', mode: 'eager' } as const;
const backend = { name: 'cpu', kernels: genericKernels, profile };

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Euclidean norm of the difference, relative to that of `expected`. */
function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, length] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    length += expected[i] ** 2;
  }
  return Math.sqrt(difference) / (Math.sqrt(length) || 1);
}

async function compare(task: Trainable, { samples, bias = 0 }: { samples: number; bias?: number }): Promise<void> {
  const parameters = formulaParameters(task);
  const last = task.parameters.entries.findLast(({ name }) => name.endsWith('/bias'))!;
  if (bias !== 0) parameters[last.offset + last.size - 1] = bias;
  const batch = formulaMicroBatch(task, samples);
  const engine = createEngine(task, backend);
  engine.load(parameters);
  const expected = new Float32Array(task.parameters.length + task.tail.length);
  await engine.gradient(batch, expected);
  engine.dispose();
  const plan = compileStep(task, task.stepGraph!(samples));
  for (const checked of [plan, plan.otherwise ?? plan]) {
    checkPlan(checked);
  }
  for (const precision of ['f64', 'f32'] as const) {
    const actual = interpret(plan, { parameters, fields: batch.fields }, precision);
    for (const [layout, from] of [
      [task.parameters, 0],
      [task.tail, task.parameters.length],
    ] as const) {
      for (const { name, offset, size } of layout.entries) {
        const at = from + offset;
        expect(distance(actual.subarray(at, at + size), expected.subarray(at, at + size)), name).toBeLessThan(1e-4);
      }
    }
  }
}

describe('interpret', () => {
  it.each(Object.keys(tinyPresets) as (keyof typeof tinyPresets)[])(
    'has the gradient of the engine of %s',
    async (name) => {
      for (const samples of [4, 7]) await compare(ganTask(tinyPresets[name]), { samples });
    },
  );

  it.each([-60, 20])('has it where margins are %d', async (bias) => {
    for (const name of ['sigmoid', 'softmax'] as const) await compare(ganTask(tinyPresets[name]), { samples: 4, bias });
  });

  it('has it of the classifier', async () => {
    await compare(
      builtinTasks.find(({ name }) => name === 'classifier')!,
      { samples: 3 },
    );
  });

  it('infers as the engine does', async () => {
    for (const preset of [tinyPresets.conditional, tinyPresets.softmax]) {
      const task = ganTask(preset);
      const parameters = formulaParameters(task);
      const inputs = formulaMicroBatch({ fields: task.output!.inputs }, 6);
      const engine = createEngine(task, backend);
      engine.load(parameters);
      const expected = (await engine.infer(inputs, inputs)) as Uint8Array;
      engine.dispose();
      const plans = compileOutput(task, task.outputChain()!);
      const [measure, infer] = [plans.measure(6), plans.infer(6)];
      checkPlan(measure);
      checkPlan(infer);
      const statistics = interpret(measure, { parameters, fields: inputs.fields });
      const output = interpret(infer, {
        parameters,
        fields: inputs.fields,
        statistics: statistics.subarray(0, plans.statistics.length),
      });
      const scale = preset.range === 'unit' ? (v: number) => 255 * v : (v: number) => 127.5 * (v + 1);
      for (const [i, byte] of expected.entries()) expect(Math.abs(scale(output[i]) - byte)).toBeLessThan(0.51);
    }
  });
});
