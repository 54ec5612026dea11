import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BINDING_VERSION, isInstalled, nativeKey, nativePaths } from './cache.ts';
import { TENSORFLOW_VERSION, WHEEL_SETS } from './wheels.ts';

describe('nativeKey', () => {
  it('names the versions, the variant and the platform', () => {
    for (const set of WHEEL_SETS) {
      const key = nativeKey(set);
      expect(key).toContain(`tensorflow-${TENSORFLOW_VERSION}-${set.variant}-${set.platform}-`);
      expect(key).toContain(`binding-${BINDING_VERSION}-`);
    }
  });

  it('differs between sets, and when a pinned hash changes', () => {
    expect(new Set(WHEEL_SETS.map(nativeKey)).size).toBe(WHEEL_SETS.length);
    const [set] = WHEEL_SETS;
    const other = { ...set, wheels: [{ ...set.wheels[0], sha256: '0'.repeat(64) }] };
    expect(nativeKey(other)).not.toBe(nativeKey(set));
  });
});

describe('isInstalled', () => {
  it('asks for the folder that appears last', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'gradcast-'));
    const [set] = WHEEL_SETS;
    const { folder, scratch } = nativePaths(set, cache);
    await mkdir(scratch, { recursive: true });
    expect(isInstalled(set, cache)).toBe(false);
    await mkdir(folder, { recursive: true });
    expect(isInstalled(set, cache)).toBe(true);
    await rm(cache, { recursive: true });
  });
});
