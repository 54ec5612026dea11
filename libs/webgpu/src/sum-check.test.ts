import { referenceKernels, selectKernels } from '@gradcast/vector';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addsAsHost, differingElement, sumOperands } from './sum-check.ts';
import type { Adder } from './sum-check.ts';

const SMALLEST_NORMAL = 2 ** -126;

/** An adder of single elements; `index` counts them. */
function adder(add: (left: number, right: number, index: number) => number): Adder {
  return (left, right) => Promise.resolve(left.map((value, index) => add(value, right[index], index)));
}

const { length } = sumOperands()[0];
const host = (left: number, right: number) => Math.fround(left + right);

/** The next number away from zero, or towards it. */
function neighbour(value: number, away: 1 | -1): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] += away;
  return new Float32Array(bits.buffer)[0];
}

function isTie(left: number, right: number): boolean {
  const [exact, sum] = [left + right, host(left, right)];
  if (!Number.isFinite(sum) || sum === exact) return false;
  const other = neighbour(sum, Math.abs(exact) > Math.abs(sum) ? 1 : -1);
  // A sum in doubles is exact where it is near the middle.
  return exact - left === right && Math.abs(exact - sum) === Math.abs(exact - other);
}

const flushed = (value: number) => (Math.abs(value) < SMALLEST_NORMAL ? 0 * Math.sign(value) : value);
const isSubnormal = (value: number) => value !== 0 && Math.abs(value) < SMALLEST_NORMAL;

describe('addsAsHost', () => {
  it('takes the kernels of libs/vector', async () => {
    for (const kernels of [referenceKernels, selectKernels()]) {
      const add: Adder = (left, right) => {
        const sum = left.slice();
        kernels.add(sum, right);
        return Promise.resolve(sum);
      };
      expect(await addsAsHost(add)).toBe(true);
    }
    expect(await addsAsHost(adder(host))).toBe(true);
  });

  it.each<[string, (left: number, right: number, index: number) => number]>([
    ['flushes subnormal operands', (left, right) => host(flushed(left), flushed(right))],
    ['flushes subnormal sums', (left, right) => flushed(host(left, right))],
    [
      'rounds towards zero',
      (left, right) => {
        const sum = host(left, right);
        return Number.isFinite(sum) && Math.abs(sum) > Math.abs(left + right) ? neighbour(sum, -1) : sum;
      },
    ],
    [
      'rounds ties away from zero',
      (left, right) => {
        const sum = host(left, right);
        return isTie(left, right) && Math.abs(sum) < Math.abs(left + right) ? neighbour(sum, 1) : sum;
      },
    ],
    ['has no minus zero', (left, right) => host(left, right) + 0],
    ['has a minus zero of opposite numbers', (left, right) => (left === -right ? -0 : host(left, right))],
    [
      'has no infinity',
      (left, right) => Math.max(-3.4028234663852886e38, Math.min(3.4028234663852886e38, left + right)),
    ],
    ['takes NaN for zero', (left, right) => host(left, right) || 0],
    ['leaves out the last element', (left, right, index) => (index === length - 1 ? left : host(left, right))],
  ])('refuses what %s', async (_, add) => {
    expect(await addsAsHost(adder(add))).toBe(false);
  });

  it('refuses one bit in one element, whichever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.nat(31), async (place, bit) => {
        const add: Adder = (left, right) => {
          const sum = left.map((value, index) => host(value, right[index]));
          const bits = new Uint32Array(sum.buffer);
          const wasNaN = Number.isNaN(sum[place]);
          bits[place] ^= 1 << bit;
          if (wasNaN && Number.isNaN(sum[place])) sum[place] = 0;
          return Promise.resolve(sum);
        };
        expect(await addsAsHost(add)).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a vector of another length', async () => {
    expect(await addsAsHost((left, right) => Promise.resolve(left.map((v, i) => host(v, right[i])).subarray(1)))).toBe(
      false,
    );
  });
});

describe('differingElement', () => {
  const words = fc.uint32Array({ minLength: 1, maxLength: 40 });
  const floats = (bits: Uint32Array) => new Float32Array(bits.slice().buffer);

  it('finds none in the same bits, and no NaN unlike another', () => {
    fc.assert(
      fc.property(words, (bits) => {
        expect(differingElement(floats(bits), floats(bits))).toBeUndefined();
        const other = floats(bits);
        new Uint32Array(other.buffer).forEach((word, i, all) => (all[i] = Number.isNaN(other[i]) ? word ^ 1 : word));
        if (other.every((value, i) => Number.isNaN(value) === Number.isNaN(floats(bits)[i]))) {
          expect(differingElement(other, floats(bits))).toBeUndefined();
        }
      }),
    );
  });

  it('finds the first that differs', () => {
    fc.assert(
      fc.property(words, fc.nat(), fc.nat(31), (bits, at, bit) => {
        const place = at % bits.length;
        const changed = bits.slice();
        changed[place] ^= 1 << bit;
        const bothNaN = Number.isNaN(floats(changed)[place]) && Number.isNaN(floats(bits)[place]);
        expect(differingElement(floats(changed), floats(bits))).toBe(bothNaN ? undefined : place);
      }),
    );
  });
});

describe('sumOperands', () => {
  it('have enough of every kind', () => {
    const [left, right] = sumOperands();
    const count = (is: (left: number, right: number) => boolean) =>
      left.reduce((sum, value, i) => sum + (is(value, right[i]) ? 1 : 0), 0);
    expect(right).toHaveLength(left.length);
    expect(count(isTie)).toBeGreaterThan(300);
    expect(count((a, b) => a === -b && a !== 0)).toBeGreaterThan(100);
    expect(count((a, b) => isSubnormal(a) || isSubnormal(b))).toBeGreaterThan(500);
    expect(count((a, b) => !isSubnormal(a) && !isSubnormal(b) && isSubnormal(a + b))).toBeGreaterThan(100);
    expect(count((a, b) => !Number.isFinite(a + b))).toBeGreaterThan(100);
    // The last of what a device computes at a time is not full.
    expect(left.length % 2).toBe(1);
  });
});
