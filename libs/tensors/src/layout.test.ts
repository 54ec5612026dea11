import { describe, expect, it } from 'vitest';
import { ALIGNMENT, clearPadding, layOut } from './layout.ts';

describe('clearPadding', () => {
  it('writes zeros between the tensors and nowhere else', () => {
    const layout = layOut([
      { name: 'a', shape: [3] },
      { name: 'b', shape: [ALIGNMENT] },
      { name: 'c', shape: [] },
    ]);
    const vector = new Float32Array(layout.length + 1).fill(7);
    clearPadding(layout, vector);
    const expected = Float32Array.from(vector, (_, i) =>
      i < 3 || (i >= ALIGNMENT && i <= 2 * ALIGNMENT) || i === layout.length ? 7 : 0,
    );
    expect(vector).toEqual(expected);
  });
});
