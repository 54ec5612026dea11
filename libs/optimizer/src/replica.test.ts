import { referenceKernels as kernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import { optimizerOf } from './kinds.ts';
import { Replica } from './replica.ts';

const scalars = { alpha: 0.125, oneMinusBeta1: 0.5, oneMinusBeta2: 0.25, epsilon: 0.0625 };

const optimizer = optimizerOf({ kind: 'adam', learningRate: 1e-3, beta1: 0.5, beta2: 0.75, epsilon: 0.0625 });
const around = { optimizer, kernels };

function replica(version = 7, length = 32): Replica {
  const parameters = Float32Array.from({ length }, (_, i) => i - 8);
  return new Replica(
    { parameters, slots: [new Float32Array(length), new Float32Array(length)] },
    { version, ...around },
  );
}

const gradient = (length = 32) => Float32Array.from({ length }, (_, i) => (i % 5) - 2);

describe('Replica', () => {
  it('takes the optimizer step of its kernels and counts it', () => {
    const stepped = replica();
    const plain = replica().vectors;
    const [first, second] = plain.slots;
    kernels.adam(plain.parameters, { first, second }, gradient(), scalars);
    stepped.advance(gradient(), scalars);
    expect(stepped.version).toBe(8);
    expect(stepped.vectors).toEqual(plain);
  });

  it('only counts a step that was skipped', () => {
    const skipped = replica();
    const before = skipped.fingerprint;
    skipped.advance(null, null);
    expect(skipped.version).toBe(8);
    expect(skipped.fingerprint).toBe(before);
    expect(skipped.vectors).toEqual(replica().vectors);
  });

  it('stays equal to another that applied the same averages, and tells one that did not', () => {
    const [a, b, c] = [replica(), replica(), replica()];
    for (let step = 0; step < 3; step++) {
      a.advance(gradient(), scalars);
      b.advance(gradient(), scalars);
      const other = gradient();
      if (step === 1) other[31] = 0.5;
      c.advance(other, scalars);
    }
    expect(b.fingerprint).toBe(a.fingerprint);
    expect(c.fingerprint).not.toBe(a.fingerprint);
  });

  it.each([0, 1, 2])('has a fingerprint that covers vector %d', (place) => {
    const changed = replica();
    [changed.vectors.parameters, ...changed.vectors.slots][place][31] += 1;
    expect(changed.fingerprint).not.toBe(replica().fingerprint);
  });

  it('computes a fingerprint once a version', () => {
    let computed = 0;
    const counting = {
      ...kernels,
      fingerprint: (vectors: readonly Float32Array[]) => {
        computed += 1;
        return kernels.fingerprint(vectors);
      },
    };
    const watched = new Replica(replica().vectors, { version: 0, optimizer, kernels: counting });
    const before = watched.fingerprint;
    expect([watched.fingerprint, computed]).toEqual([before, 1]);
    watched.advance(gradient(), scalars);
    expect(watched.fingerprint).not.toBe(before);
    expect(computed).toBe(2);
  });

  it('refuses an average of another length', () => {
    expect(() => replica().advance(gradient(16), scalars)).toThrow(RangeError);
  });
});
