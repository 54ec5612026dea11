import { fields } from '@gradcast/task';
import type { TaskOutput } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { outputInputs } from './inputs.ts';
import { latentWalk } from './walk.ts';

const [z, u] = [fields.noise('z', { shape: [6] }), fields.noise('u', { shape: [2], distribution: 'uniform' })];
const labels = fields.labels('labels', { classes: 10 });
const output: TaskOutput = {
  inputs: [z, labels, u],
  values: { kind: 'image', shape: [4, 4, 1], range: 'unit' },
};
const options = { count: 3, points: 4, steps: 5, seed: 9, originals: { label: Uint8Array.of(7, 8, 9, 1) } };

const part = (values: ArrayLike<number>, from: number, to: number) => Array.from(values).slice(from, to);

describe('latentWalk', () => {
  const walk = latentWalk(output, options);
  const keys = outputInputs({ ...output, inputs: [z, u] }, { count: 12, seed: 9 }).fields;

  it('passes through its key points, which are those of samples, and closes', () => {
    for (let point = 0; point < 4; point++) {
      const { size, fields: at } = walk(point * 5, 1);
      expect(size).toBe(3);
      expect(part(at['z'], 0, 18)).toEqual(part(keys['z'], point * 18, point * 18 + 18));
      expect(part(at['u'], 0, 6)).toEqual(part(keys['u'], point * 6, point * 6 + 6));
    }
    expect(walk(20, 1)).toEqual(walk(0, 1));
    expect(walk(19, 1)).not.toEqual(walk(0, 1));
  });

  it('is the same however many frames are asked for at a time, and holds what is no noise', () => {
    const all = walk(0, 20);
    for (let frame = 0; frame < 20; frame++) {
      const one = walk(frame, 1);
      expect(part(all.fields['z'], frame * 18, frame * 18 + 18)).toEqual(part(one.fields['z'], 0, 18));
      expect(part(one.fields['labels'], 0, 3)).toEqual([7, 8, 9]);
      expect(part(all.fields['labels'], frame * 3, frame * 3 + 3)).toEqual([7, 8, 9]);
    }
  });
});
