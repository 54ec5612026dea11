import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlap, placeValues, roundUp } from './arena.ts';

const claims = fc.array(
  fc
    .record({ bytes: fc.integer({ min: 4, max: 5000 }), from: fc.nat(20), length: fc.nat(8) })
    .map(({ bytes, from, length }) => ({ name: 'a value', bytes, lifetime: { from, to: from + length } })),
  { maxLength: 40 },
);

describe('placeValues', () => {
  it('lets no two values that live at the same time lie in the same place', () => {
    fc.assert(
      fc.property(claims, fc.integer({ min: 5120, max: 20_480 }), (all, largest) => {
        const { places, sizes } = placeValues(all, largest);
        for (const [a, first] of all.entries()) {
          expect(places[a].offset % 256).toBe(0);
          expect(places[a].offset + roundUp(first.bytes)).toBeLessThanOrEqual(sizes[places[a].arena]);
          expect(sizes[places[a].arena]).toBeLessThanOrEqual(largest);
          for (const [b, second] of all.entries()) {
            if (a === b || places[a].arena !== places[b].arena || !overlap(first.lifetime, second.lifetime)) continue;
            const apart =
              places[a].offset + first.bytes <= places[b].offset || places[b].offset + second.bytes <= places[a].offset;
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });

  it('gives the memory of a value to one that lives later', () => {
    const at = (from: number, to: number) => ({ name: 'a value', bytes: 1000, lifetime: { from, to } });
    expect(placeValues([at(0, 1), at(1, 2), at(2, 3)], 10_000).sizes).toEqual([2048]);
    expect(placeValues([at(0, 1), at(1, 2), at(2, 3)], 1024).sizes).toEqual([1024, 1024]);
  });

  it('names a value that is larger than a buffer', () => {
    const claim = { name: 'side by side', bytes: 4000, lifetime: { from: 0, to: 0 } };
    expect(() => placeValues([claim], 2000)).toThrow('side by side takes 4096 bytes, more than the 2000 of a buffer');
  });
});
