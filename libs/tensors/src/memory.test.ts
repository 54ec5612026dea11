import { describe, expect, it } from 'vitest';
import { freeAll, freeMemory, keepFreedMemory } from './memory.ts';

describe('memory that is given back', () => {
  it('is gone for every view of it, and no longer counted', () => {
    const bytes = new Uint8Array(new ArrayBuffer(64 << 20), 8);
    const floats = new Float32Array(bytes.buffer, 16);
    const before = process.memoryUsage().arrayBuffers;
    freeMemory(floats);
    expect([bytes.byteLength, floats.length]).toEqual([0, 0]);
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThan(60 << 20);
  });

  it('is gone at once for many arrays, but not where one is part of a buffer', () => {
    const own = [new Uint8Array(10), new Float32Array(3)];
    const [part, shared] = [new Uint8Array(10).subarray(1), new Uint8Array(new SharedArrayBuffer(8))];
    freeAll([...own, part, shared]);
    expect([...own, part, shared].map(({ byteLength }) => byteLength)).toEqual([0, 0, 9, 8]);
    expect(() => freeAll([])).not.toThrow();
  });

  it('does not stay when the C library is told to keep what is freed', () => {
    const before = process.memoryUsage().arrayBuffers;
    keepFreedMemory();
    expect(process.memoryUsage().arrayBuffers).toBe(before);
  });

  it('may be given back twice', () => {
    const bytes = new Uint8Array(2 << 20);
    freeMemory(bytes);
    expect(() => freeMemory(bytes)).not.toThrow();
  });

  it('is kept where others may share it', () => {
    const pooled = Buffer.from('small');
    const shared = new Uint8Array(new SharedArrayBuffer(2 << 20));
    for (const bytes of [pooled, shared]) freeMemory(bytes);
    expect([pooled.toString(), shared.byteLength]).toEqual(['small', 2 << 20]);
  });
});
