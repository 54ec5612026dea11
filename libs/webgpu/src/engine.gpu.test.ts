import { ganTask, tinyPresets } from '@gradcast/gan';
import type { Trainable } from '@gradcast/network';
import { compileOutput, compileStep, interpret, tileNames } from '@gradcast/plan';
import type { TileName } from '@gradcast/plan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { MicroBatch } from '@gradcast/task';
import { builtinTasks } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import { createPlanEngine } from './engine.ts';
import { testContext } from './for-tests/device.ts';

const context = await testContext();
const title = `plans on a device${context ? '' : ' (skipped: WebGPU found no graphics adapter)'}`;
const task = (name: string) => builtinTasks.find((each) => each.name === name)!;
const tiny = Object.entries(tinyPresets).map(([name, preset]) => [name, ganTask(preset)] as const);

/** Euclidean norm. */
function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum);
}

function apart(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < expected.length; i++) sum += (actual[i] - expected[i]) ** 2;
  return Number.isNaN(sum) ? Infinity : Math.sqrt(sum);
}

async function gradientOf(
  each: Trainable,
  parameters: Float32Array,
  { batch, tile }: { batch: MicroBatch; tile?: TileName | undefined },
): Promise<Float32Array> {
  const engine = createPlanEngine(each, context!, { chooseTile: () => tile });
  engine.load(parameters);
  const vector = new Float32Array(each.parameters.length + each.tail.length).fill(NaN);
  await engine.gradient(batch, vector);
  engine.dispose();
  return vector;
}

/** Each tensor within `limit` of the interpreter's in doubles, relative to its norm or a millionth of the whole gradient's. */
async function compare(
  each: Trainable,
  { samples, margin = 0, tile, limit = 2e-5 }: { samples: number; margin?: number; tile?: TileName; limit?: number },
): Promise<void> {
  const parameters = formulaParameters(each);
  if (margin !== 0) {
    const bias = each.parameters.entries.findLast(({ name }) => name.endsWith('/bias'))!;
    parameters[bias.offset + bias.size - 1] = margin;
  }
  const batch = formulaMicroBatch(each, samples);
  const plan = compileStep(each, each.stepGraph!(samples), { chooseTile: () => tile });
  const expected = interpret(plan, { parameters, fields: batch.fields });
  const actual = await gradientOf(each, parameters, { batch, tile });
  const whole = norm(expected.subarray(0, each.parameters.length));
  for (const [layout, from] of [
    [each.parameters, 0],
    [each.tail, each.parameters.length],
  ] as const) {
    for (const { name, offset, size } of layout.entries) {
      const wanted = expected.subarray(from + offset, from + offset + size);
      const scale = Math.max(norm(wanted), 1e-3 * whole);
      const found = actual.subarray(from + offset, from + offset + size);
      expect(apart(found, wanted) / scale, name).toBeLessThan(limit);
    }
  }
}

describe.skipIf(!context)(title, () => {
  it.each(tiny)('have the gradients of the interpreter: %s', async (_, each) => {
    await compare(each, { samples: 17 });
  });

  it.each(tileNames)('have them with tiles of %s', async (tile) => {
    await compare(ganTask(tinyPresets.sigmoid), { samples: 33, tile });
  });

  it.each([-60, -39, 20])('have them where margins are %d', async (margin) => {
    for (const name of ['sigmoid', 'softmax'] as const) {
      await compare(ganTask(tinyPresets[name]), { samples: 4, margin });
    }
  });

  it('have those of the classifier', async () => {
    await compare(task('classifier'), { samples: 3 });
  });

  it('have the same bits each time, and in another engine', async () => {
    for (const each of [ganTask(tinyPresets.sigmoid), ganTask(tinyPresets.conditional)]) {
      const parameters = formulaParameters(each);
      const batch = formulaMicroBatch(each, 17);
      const first = await gradientOf(each, parameters, { batch });
      const engine = createPlanEngine(each, context!);
      engine.load(parameters);
      const again = new Float32Array(first.length);
      await engine.gradient(formulaMicroBatch(each, 17, 1), again);
      await engine.gradient(batch, again);
      engine.dispose();
      expect(again).toEqual(first);
    }
  });

  it('infer what the interpreter does', async () => {
    for (const name of ['conditional', 'softmax'] as const) {
      const each = ganTask(tinyPresets[name]);
      const parameters = formulaParameters(each);
      const inputs = formulaMicroBatch({ fields: each.output!.inputs }, 300);
      const reference = formulaMicroBatch({ fields: each.output!.inputs }, 20, 1);
      const engine = createPlanEngine(each, context!);
      engine.load(parameters);
      const bytes = (await engine.infer(inputs, reference)) as Uint8Array;
      engine.dispose();
      const plans = compileOutput(each, each.outputChain()!);
      const seen = interpret(plans.measure(20), { parameters, fields: reference.fields });
      const statistics = seen.subarray(0, plans.statistics.length);
      const output = interpret(plans.infer(300), { parameters, fields: inputs.fields, statistics });
      const scale = each.preset.range === 'unit' ? (v: number) => 255 * v : (v: number) => 127.5 * (v + 1);
      const far = bytes.reduce((most, byte, i) => Math.max(most, Math.abs(scale(output[i]) - byte)), 0);
      expect(far).toBeLessThan(0.51);
    }
  });
});
