import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Heap } from './heap.ts';

it('gives its items back in order, whatever was pushed, popped or moved back between', () => {
  const move = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), value: fc.integer() }),
    fc.record({ kind: fc.constant('pop' as const) }),
    fc.record({ kind: fc.constant('move' as const), by: fc.nat(1000) }),
  );
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.array(move), (initial, moves) => {
      const item = (value: number) => ({ value });
      const heap = new Heap<{ value: number }>((a, b) => a.value < b.value, initial.map(item));
      const sorted = initial.toSorted((a, b) => a - b);
      for (const each of moves) {
        if (each.kind === 'push') {
          heap.push(item(each.value));
          sorted.push(each.value);
        } else if (each.kind === 'pop') {
          expect(heap.pop()?.value).toBe(sorted.shift());
        } else if (heap.first) {
          heap.first.value += each.by;
          sorted[0] += each.by;
          heap.firstMovedBack();
        }
        sorted.sort((a, b) => a - b);
        expect(heap.first?.value).toBe(sorted[0]);
      }
      for (const value of sorted) expect(heap.pop()?.value).toBe(value);
      expect([heap.first, heap.pop()]).toEqual([undefined, undefined]);
    }),
  );
});
