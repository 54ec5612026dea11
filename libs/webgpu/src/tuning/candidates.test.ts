import { ganTask, presets } from '@gradcast/gan';
import { compileStep, tileNames, tiles } from '@gradcast/plan';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidatesOf, isAllowed } from './candidates.ts';
import { dense, GUARANTEED } from '../for-tests/fake-timer.ts';
import { productsOf } from './product.ts';

const tutorial = ganTask(presets.tutorial);
const products = productsOf(compileStep(tutorial, tutorial.stepGraph!(64)));

describe('candidatesOf', () => {
  it('has the usual tile first, others that fit the product behind it, and none twice', () => {
    for (const product of products) {
      const found = candidatesOf(product, GUARANTEED);
      expect(found[0]).toBe(product.usual);
      expect(new Set(found).size).toBe(found.length);
    }
    const large = candidatesOf({ launch: dense(1024, 512, 512), usual: '64x64' }, GUARANTEED);
    expect([...large].sort()).toEqual([...tileNames].sort());
    // A tile of 64 columns would be three quarters empty.
    const narrow = candidatesOf({ launch: dense(1024, 512, 16), usual: '64x16' }, GUARANTEED);
    expect(narrow).toEqual(['64x16']);
  });

  it('tries none that a device does not allow, and always has one', () => {
    const bytes = fc.integer({ min: 1024, max: 65_536 });
    const group = fc.integer({ min: 16, max: 1024 });
    fc.assert(
      fc.property(bytes, group, group, fc.constantFrom(...products), (storage, invocations, width, product) => {
        const limits = {
          maxComputeWorkgroupStorageSize: storage,
          maxComputeInvocationsPerWorkgroup: invocations,
          maxComputeWorkgroupSizeX: width,
        };
        const [usual, ...others] = candidatesOf(product, limits);
        expect(usual).toBe(product.usual);
        for (const tile of others) expect(isAllowed(tiles[tile], limits), tile).toBe(true);
      }),
    );
  });

  it('leaves wide tiles to devices with large workgroups', () => {
    const product = { launch: dense(1024, 512, 512), usual: '64x64' } as const;
    const small = { ...GUARANTEED, maxComputeInvocationsPerWorkgroup: 128 };
    expect(candidatesOf(product, small)).not.toContain('128x128');
    expect(candidatesOf(product, small)).toContain('128x64w');
    const tight = { ...GUARANTEED, maxComputeWorkgroupStorageSize: 8192 };
    expect(candidatesOf(product, tight)).not.toContain('128x64w');
    expect(candidatesOf(product, tight)).toContain('64x64w');
  });
});

describe('productsOf', () => {
  it('has each shape once, the costliest first', () => {
    const keys = products.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeGreaterThan(5);
    const costs = products.map(({ flops }) => flops);
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
    // Real images and fakes, and the penalty of a batch, are products of the same shape.
    const twice = productsOf({ launches: [dense(8, 64, 64), dense(8, 64, 64), dense(8, 64, 128)] });
    expect(twice.map(({ flops }) => flops)).toEqual([2 * 8 * 64 * 128, 2 * 8 * 64 * 128]);
  });

  it('leaves out what has no tiles', () => {
    expect(productsOf({ launches: [{ ...dense(8, 64, 1), kernel: { kind: 'dot', lanes: 4 } }] })).toEqual([]);
  });
});
