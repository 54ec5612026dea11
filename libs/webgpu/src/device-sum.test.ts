import { TreeSum } from '@gradcast/schedule';
import { describe, expect, it } from 'vitest';
import { leafSteps } from './device-sum.ts';

/** What a tree adds, as text: the order of additions and of their operands. */
function treeText(leaves: number): string {
  const tree = new TreeSum<string>({ start: 0, size: leaves }, (left, right) => `(${left}+${right})`);
  for (let leaf = 0; leaf < leaves; leaf++) tree.add({ start: leaf, size: 1 }, String(leaf));
  return tree.total!;
}

describe('leafSteps', () => {
  it.each([1, 2, 4, 8, 16, 64, 256])('add %i leaves as the tree does, in log2(n) places', (leaves) => {
    const stack: string[] = [];
    let places = 0;
    for (let leaf = 0; leaf < leaves; leaf++) {
      const { keptAt, addedInto } = leafSteps(leaf);
      if (keptAt !== undefined) {
        expect(addedInto).toEqual([]);
        stack[keptAt] = String(leaf);
        places = Math.max(places, keptAt + 1);
      }
      for (const [index, place] of addedInto.entries()) {
        const added = index === 0 ? String(leaf) : stack[place + 1];
        stack[place] = `(${stack[place]}+${added})`;
      }
    }
    expect(stack[0]).toBe(treeText(leaves));
    expect(places).toBe(Math.max(1, Math.log2(leaves)));
  });
});
