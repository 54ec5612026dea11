import { describe, expect, it } from 'vitest';
import { freeMemory } from './memory.ts';

describe('memory that is given back', () => {
  it('is gone for every view of it, and no longer counted', () => {
    const bytes = new Uint8Array(new ArrayBuffer(64 << 20), 8);
    const floats = new Float32Array(bytes.buffer, 16);
    const before = process.memoryUsage().arrayBuffers;
    freeMemory(floats);
    expect([bytes.byteLength, floats.length]).toEqual([0, 0]);
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThan(60 << 20);
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
