import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subtree } from '@gradcast/schedule';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditPicks, auditSecret } from './audit-picks.ts';

describe('which subtrees are audited', () => {
  const picks = (rate: number, secret = 'secret') => {
    const isPicked = auditPicks(secret, rate);
    return (step: number, subtree: Subtree, isNewcomer = false) => isPicked(step, subtree, isNewcomer);
  };

  it('is the share of leaves that was asked for', () => {
    let picked = 0;
    for (let step = 0; step < 500; step++) {
      for (let start = 0; start < 8; start++) if (picks(0.05)(step, { start, size: 1 })) picked += 1;
    }
    expect(picked / 4000).toBeGreaterThan(0.035);
    expect(picked / 4000).toBeLessThan(0.065);
    expect([picks(0)(3, { start: 0, size: 8 }), picks(1)(3, { start: 5, size: 1 })]).toEqual([false, true]);
  });

  it('are those with a picked leaf, however the step is cut', () => {
    const isAudited = picks(0.2);
    for (let step = 0; step < 100; step++) {
      const any = [0, 1, 2, 3].some((start) => isAudited(step, { start, size: 1 }));
      expect(isAudited(step, { start: 0, size: 4 })).toBe(any);
      expect(isAudited(step, { start: 0, size: 2 }) || isAudited(step, { start: 2, size: 2 })).toBe(any);
    }
  });

  it('are five times as many of a newcomer’s, those of everybody’s among them, and none without a rate', () => {
    const isAudited = picks(0.05);
    let [few, many] = [0, 0];
    for (let step = 0; step < 4000; step++) {
      const [usual, newcomers] = [false, true].map((isNew) => isAudited(step, { start: 0, size: 1 }, isNew));
      if (usual) expect(newcomers).toBe(true);
      few += usual ? 1 : 0;
      many += newcomers ? 1 : 0;
    }
    expect(few / 4000).toBeLessThan(0.065);
    expect(many / 4000).toBeGreaterThan(0.22);
    expect(many / 4000).toBeLessThan(0.28);
    expect([0, 0.3].map((rate) => picks(rate)(1, { start: 0, size: 8 }, true))).toEqual([false, true]);
  });

  it('depends on the secret', () => {
    const of = (secret: string) =>
      Array.from({ length: 200 }, (_, step) => picks(0.5, secret)(step, { start: 0, size: 1 }));
    expect(of('a')).not.toEqual(of('b'));
    expect(of('a')).toEqual(of('a'));
  });
});

describe('the secret of a run', () => {
  let folder = '';
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'gradcast-secret-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('is drawn once, for this user alone, and comes back', async () => {
    const secret = await auditSecret(folder);
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await auditSecret(folder)).toBe(secret);
    expect(await readdir(folder)).toEqual(['audit-secret']);
    expect((await stat(join(folder, 'audit-secret'))).mode & 0o777).toBe(0o600);
  });

  it('that is none ends the run instead of picking by it', async () => {
    await writeFile(join(folder, 'audit-secret'), '\n');
    await expect(auditSecret(folder)).rejects.toMatchObject({ code: 'audit-secret' });
  });
});
