import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint, writeCheckpoint } from '@gradcast/checkpoint';
import { probeOf, profileKey } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { firstProfile, UsedProfiles } from './used-profiles.ts';

const PROBE = 'ab'.repeat(32);
/** The largest profile that a peer may send, one for each number. */
const crafted = (number: number) => {
  const facts = Array.from({ length: 24 }, (_, i) => [`${'n'.repeat(36)}${i}`, '語'.repeat(114) + number]);
  return profileKey(Object.fromEntries(facts) as Record<string, string>, PROBE);
};

describe('UsedProfiles', () => {
  it('holds what a checkpoint can hold, whatever joins', async () => {
    const used = new UsedProfiles();
    for (let number = 0; number < 5000; number++) used.add(crafted(number));
    expect(JSON.stringify(used.keys).length).toBeLessThan(100_000);
    expect(used.keys.every((key) => probeOf(key) === PROBE)).toBe(true);
    const folder = await mkdtemp(join(tmpdir(), 'gradcast-profiles-'));
    try {
      const info = { step: 1, config: {}, manifest: {}, incarnation: 1, ledger: { length: 1, head: '' } };
      const path = join(folder, 'checkpoint.safetensors');
      await writeCheckpoint(path, { info: { ...info, profile: used.keys }, tensors: {} });
      expect((await readCheckpoint(path)).info.profile).toEqual(used.keys);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('knows a profile again after a restart, short or not', () => {
    const used = new UsedProfiles();
    const keys = Array.from({ length: 20 }, (_, number) => crafted(number));
    for (const key of keys) used.add(key);
    const later = new UsedProfiles();
    later.recall(JSON.parse(JSON.stringify(used.keys)));
    for (const key of keys) later.add(key);
    expect(later.count).toBe(20);
    expect(later.keys).toEqual(used.keys);
    expect(firstProfile(used.keys)).toBe(keys[0]);
  });

  it('reads the checkpoints of version 2', () => {
    const written = '[["backend","wasm"],["protocol","2"],["threads","1"],["probe","abab"]]';
    const used = new UsedProfiles();
    used.recall([written]);
    used.add(profileKey({ threads: '1', backend: 'wasm', protocol: '2' }, 'abab'));
    expect(used.keys).toEqual([written]);
  });

  it('takes no fact of a peer for a digest', () => {
    const used = new UsedProfiles();
    used.add(profileKey({ sha256: 'a'.repeat(64) }, PROBE));
    const later = new UsedProfiles();
    later.recall(used.keys);
    expect(later.keys).toEqual(used.keys);
    expect(used.keys[0]).toContain('"sha256"');
  });

  it('leaves out what is no profile', () => {
    for (const stored of [undefined, null, {}, 'x', [1, {}, 'y', '[]']]) {
      expect(firstProfile(stored)).toBeUndefined();
    }
  });
});
