/**
 * Test data by formula: any program in any language can compute the same float32 numbers, so files of results need no inputs.
 * `test/fixtures/keras/make.py` does.
 */
import { sizeOf } from '@gradcast/tensors';
import type { FieldArray } from '@gradcast/tensors';
import type { MicroBatch } from './field.ts';
import type { Task } from './task.ts';

/** Number of the first field's tensor at step 0; those of the parameters are below it. */
const FIELDS = 1000;

/** 32-bit hash of element `index` of tensor number `tensor`: `lowbias32` of a Weyl offset plus the index. */
export function formulaWord(tensor: number, index: number): number {
  let x = (Math.imul(tensor, 0x9e3779b9) + index) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

/** A number in [-1, 1), an exact multiple of 2^-23. */
function formulaValue(tensor: number, index: number): number {
  return ((formulaWord(tensor, index) >>> 8) - 2 ** 23) * 2 ** -23;
}

/** The largest power of two that is not above the Glorot limit of a kernel. */
function kernelScale(shape: readonly number[]): number {
  const field = shape.slice(0, -2).reduce((product, side) => product * side, 1);
  const fans = field * (shape[shape.length - 2] + shape[shape.length - 1]);
  let scale = 1;
  while (scale * scale * fans > 6) scale /= 2;
  return scale;
}

/** Parameters by formula, laid out as the task's: none is zero, so no gradient path is left out. */
export function formulaParameters({ parameters }: Pick<Task, 'parameters'>): Float32Array {
  const vector = new Float32Array(parameters.length);
  for (const [tensor, { name, shape, offset, size }] of parameters.entries.entries()) {
    const kernel = name.endsWith('/kernel') || name.endsWith('/embedding');
    const gamma = name.endsWith('/gamma');
    const scale = kernel ? kernelScale(shape) : gamma ? 0.25 : 0.125;
    for (let i = 0; i < size; i++) vector[offset + i] = (gamma ? 1 : 0) + scale * formulaValue(tensor, i);
  }
  return vector;
}

/** A micro-batch by formula; each `step` has its own. */
export function formulaMicroBatch({ fields }: Pick<Task, 'fields'>, samples: number, step = 0): MicroBatch {
  const values = fields.map((field, index): [string, FieldArray] => {
    const tensor = FIELDS + index + fields.length * step;
    const length = samples * sizeOf(field.shape);
    if (field.dtype === 'f32') {
      const spread = field.source === 'noise' && field.distribution === 'uniform' ? 1 : 2;
      return [field.name, Float32Array.from({ length }, (_, i) => spread * formulaValue(tensor, i))];
    }
    const byte = (i: number) => formulaWord(tensor, i) >>> 24;
    return [
      field.name,
      Uint8Array.from({ length }, (_, i) => (field.source === 'label' ? byte(i) % field.classes : byte(i))),
    ];
  });
  return { size: samples, fields: Object.fromEntries(values) };
}
