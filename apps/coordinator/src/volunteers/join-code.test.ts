import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JoinCodes } from './join-code.ts';

const HOUR_MS = 3_600_000;
let folder: string;
let clock: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  clock = Date.UTC(2026, 0, 1);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (hours = 24) => JoinCodes.open({ folder, hours, wallClock: () => clock });

describe('a join code', () => {
  it('has 128 bits and lies in the run folder for this user alone', async () => {
    const { current } = await open();
    expect(current!.code).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(current!.expires).toBe(clock + 24 * HOUR_MS);
    expect(JSON.parse(await readFile(join(folder, 'join-code'), 'utf8'))).toEqual(current);
    if (process.platform !== 'win32') expect((await stat(join(folder, 'join-code'))).mode & 0o777).toBe(0o600);
  });

  it('is the same after a restart, for as long as it is good', async () => {
    const first = (await open()).current!;
    clock += 23 * HOUR_MS;
    expect((await open(1)).current).toEqual(first);
    clock += HOUR_MS;
    const second = (await open(1)).current!;
    expect(second.code).not.toBe(first.code);
    expect(second.expires).toBe(clock + HOUR_MS);
  });

  it.each(['', '{', '[]', 'null', '{"code":"short","expires":9e99}', '{"code":"aaaaaaaaaaaaaaaaaaaaaa"}'])(
    'is made anew in place of %o',
    async (text) => {
      await writeFile(join(folder, 'join-code'), text);
      const codes = await open();
      expect(codes.check(codes.current!.code)).toBe('good');
      expect(codes.current!.expires).toBe(clock + 24 * HOUR_MS);
    },
  );

  it('is told from others, and good until its time is over', async () => {
    const codes = await open();
    const { code } = codes.current!;
    expect([code, `${code}x`, code.slice(1), '', 'é'].map((each) => codes.check(each))).toEqual([
      'good',
      'wrong',
      'wrong',
      'wrong',
      'wrong',
    ]);
    clock += 24 * HOUR_MS - 1;
    expect(codes.check(code)).toBe('good');
    clock += 1;
    expect(codes.check(code)).toBe('expired');
    expect(codes.check('another')).toBe('wrong');
  });

  it('is good for nothing once it was taken back, also after a restart', async () => {
    const codes = await open();
    const { code } = codes.current!;
    await codes.revoke();
    expect(codes.current).toBeUndefined();
    expect([code, ''].map((each) => codes.check(each))).toEqual(['wrong', 'wrong']);
    expect((await open()).check(code)).toBe('wrong');
  });

  it('is replaced by another one', async () => {
    const codes = await open();
    const { code } = codes.current!;
    const fresh = await codes.renew();
    expect([codes.check(code), codes.check(fresh.code)]).toEqual(['wrong', 'good']);
    expect((await open()).current).toEqual(fresh);
  });

  it('says where it cannot be kept, and stays what it was', async () => {
    const codes = await open();
    const { code } = codes.current!;
    await rm(folder, { recursive: true });
    await expect(codes.renew()).rejects.toMatchObject({ code: 'join-code' });
    expect(codes.check(code)).toBe('good');
    await expect(codes.revoke()).rejects.toMatchObject({ code: 'join-code' });
    expect(codes.check(code)).toBe('wrong');
  });
});
