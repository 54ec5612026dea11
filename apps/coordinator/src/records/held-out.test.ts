import { ganTask, presets } from '@gradcast/gan';
import type { GradientEngine, MicroBatch, Task } from '@gradcast/task';
import { tensorView } from '@gradcast/tensors';
import { describe, expect, it } from 'vitest';
import { HeldOutScalars } from './held-out.ts';

const task = ganTask(presets.mnist);

/** Says of a micro-batch how bright its images are, as D(x), and how many it has seen, as D(G(z)). */
function engineOf(seen: MicroBatch[]): GradientEngine {
  const gradient = (batch: MicroBatch, into: Float32Array) => {
    seen.push(batch);
    const tail = into.subarray(task.parameters.length);
    tensorView(task.tail, tail, 'd_x')[0] = brightness(batch);
    tensorView(task.tail, tail, 'd_g_z')[0] = seen.length / 100;
    return Promise.resolve();
  };
  return { gradient } as unknown as GradientEngine;
}

function brightness({ fields }: MicroBatch): number {
  const images = fields['images'] as Uint8Array;
  return images.reduce((sum, value) => sum + value, 0) / images.length / 255;
}

describe('HeldOutScalars', () => {
  it('are means over images of either split, with the same noise, of what is said of real ones alone', async () => {
    const scalars = await HeldOutScalars.open(task, undefined);
    const seen: MicroBatch[] = [];
    const { d_x, ...others } = await scalars.of(engineOf(seen));
    expect(others).toEqual({});
    expect(seen.map(({ size }) => size)).toEqual(Array.from({ length: 64 }, () => 32));
    const [training, test] = [seen.slice(0, 32), seen.slice(32)];
    const mean = (batches: readonly MicroBatch[]) => batches.reduce((sum, each) => sum + brightness(each), 0) / 32;
    expect(d_x.training).toBeCloseTo(mean(training), 6);
    expect(d_x.test).toBeCloseTo(mean(test), 6);
    expect(d_x.training).not.toBe(d_x.test);
    for (const [i, { fields }] of training.entries()) expect(fields['noise']).toEqual(test[i].fields['noise']);
    expect(training[0].fields['images']).not.toEqual(test[0].fields['images']);
    // The same ones each time.
    expect(await scalars.of(engineOf([]))).toEqual({ d_x });
  });

  it('are none of a task that has none', async () => {
    const plain: Task = { ...task, scalars: task.scalars.map((scalar) => ({ ...scalar, ofReal: false })) };
    const seen: MicroBatch[] = [];
    expect(await (await HeldOutScalars.open(plain, undefined)).of(engineOf(seen))).toEqual({});
    expect(seen).toEqual([]);
  });
});
