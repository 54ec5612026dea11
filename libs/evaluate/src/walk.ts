/**
 * A closed walk through the latent space of a generator: key points, and points between each and the next.
 */
import { interpolate } from '@gradcast/random';
import { sizeOf } from '@gradcast/tensors';
import type { FieldArray } from '@gradcast/tensors';
import type { BatchField, MicroBatch, TaskOutput } from '@gradcast/task';
import { outputInputs } from './inputs.ts';
import type { Originals } from './inputs.ts';

export interface WalkOptions {
  /** Walks side by side. */
  readonly count: number;
  /** Key points of each. */
  readonly points: number;
  /** Frames from one key point to the next, the first of them included. */
  readonly steps: number;
  readonly seed: number;
  readonly originals?: Originals;
}

/** Gives the inputs of frames `[first, first + frames)`, frame after frame with `count` samples each; they may run past the end. */
export type Walk = (first: number, frames: number) => MicroBatch;

/** What does not come from noise stays the same in all frames. */
export function latentWalk({ inputs, values }: TaskOutput, options: WalkOptions): Walk {
  const { count, points, steps, seed, originals } = options;
  const noise = inputs.filter(({ source }) => source === 'noise');
  const keys = outputInputs({ inputs: noise, values }, { count: count * points, seed }).fields;
  const held = outputInputs({ inputs, values }, { count, seed, originals }).fields;
  return (first, frames) => {
    const fieldOf = (field: BatchField): FieldArray => {
      const size = sizeOf(field.shape);
      if (field.source !== 'noise') return repeated(held[field.name], frames);
      const out = new Float32Array(frames * count * size);
      const all = keys[field.name] as Float32Array;
      const key = (point: number, sample: number) =>
        all.subarray(((point % points) * count + sample) * size, ((point % points) * count + sample + 1) * size);
      for (let frame = 0; frame < frames; frame++) {
        const point = Math.floor((first + frame) / steps);
        const share = ((first + frame) % steps) / steps;
        for (let sample = 0; sample < count; sample++) {
          const between = interpolate(field.distribution, [key(point, sample), key(point + 1, sample)], share);
          out.set(between, (frame * count + sample) * size);
        }
      }
      return out;
    };
    return { size: frames * count, fields: Object.fromEntries(inputs.map((field) => [field.name, fieldOf(field)])) };
  };
}

function repeated(values: FieldArray, times: number): FieldArray {
  const out =
    values instanceof Uint8Array ? new Uint8Array(times * values.length) : new Float32Array(times * values.length);
  for (let i = 0; i < times; i++) out.set(values, i * values.length);
  return out;
}
