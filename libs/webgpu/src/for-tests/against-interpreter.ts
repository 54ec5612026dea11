/** Gradients of plans on a device beside those of the interpreter in doubles. */
import type { Trainable } from '@gradcast/network';
import { compileStep, interpret } from '@gradcast/plan';
import type { TileName } from '@gradcast/plan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { MicroBatch } from '@gradcast/task';
import { expect } from 'vitest';
import type { DeviceContext } from '../context.ts';
import { createPlanEngine } from '../engine.ts';

/** Euclidean norm. */
export function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum);
}

/** Norm of what two vectors differ by. */
export function apart(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < expected.length; i++) sum += (actual[i] - expected[i]) ** 2;
  return Number.isNaN(sum) ? Infinity : Math.sqrt(sum);
}

interface GradientOptions {
  readonly batch: MicroBatch;
  readonly tile?: TileName | undefined;
}

/** Of an engine that is gone afterwards. */
export async function gradientOf(
  task: Trainable,
  parameters: Float32Array,
  { context, batch, tile }: GradientOptions & { readonly context: DeviceContext },
): Promise<Float32Array> {
  const engine = createPlanEngine(task, context, { chooseTile: () => tile });
  engine.load(parameters);
  const vector = new Float32Array(task.parameters.length + task.tail.length).fill(NaN);
  await engine.gradient(batch, vector);
  engine.dispose();
  return vector;
}

export interface CompareOptions {
  readonly samples: number;
  /** Of the fakes' logits, about. */
  readonly margin?: number;
  readonly tile?: TileName | undefined;
  readonly limit?: number;
  /** Whether the gradient is computed twice, by two engines, and must have the same bits. */
  readonly twice?: boolean;
}

/** Each tensor within `limit` of the interpreter's in doubles, relative to its norm or a thousandth of the whole gradient's. */
export async function compare(
  task: Trainable,
  context: DeviceContext,
  { samples, margin = 0, tile, limit = 2e-5, twice = false }: CompareOptions,
): Promise<void> {
  const parameters = formulaParameters(task);
  if (margin !== 0) {
    const bias = task.parameters.entries.findLast(({ name }) => name.endsWith('/bias'))!;
    parameters[bias.offset + bias.size - 1] = margin;
  }
  const batch = formulaMicroBatch(task, samples);
  const plan = compileStep(task, task.stepGraph!(samples), { chooseTile: () => tile });
  const expected = interpret(plan, { parameters, fields: batch.fields });
  const actual = await gradientOf(task, parameters, { context, batch, tile });
  const whole = norm(expected.subarray(0, task.parameters.length));
  for (const [layout, from] of [
    [task.parameters, 0],
    [task.tail, task.parameters.length],
  ] as const) {
    for (const { name, offset, size } of layout.entries) {
      const wanted = expected.subarray(from + offset, from + offset + size);
      const scale = Math.max(norm(wanted), 1e-3 * whole);
      const found = actual.subarray(from + offset, from + offset + size);
      expect(apart(found, wanted) / scale, name).toBeLessThan(limit);
    }
  }
  if (twice) expect(await gradientOf(task, parameters, { context, batch, tile })).toEqual(actual);
}
