import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { steeringSecret } from './steering-secret.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a run's own secret", () => {
  it('lies in its folder for this user alone, and is the same after a restart', async () => {
    const secret = await steeringSecret(folder);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{22}$/);
    const file = join(folder, 'steering-secret');
    expect(await readFile(file, 'utf8')).toBe(`${secret}\n`);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await steeringSecret(folder)).toBe(secret);
  });

  it.each(['', 'short', 'x'.repeat(23), `${'x'.repeat(22)} y`])('is made anew in place of %j', async (text) => {
    await writeFile(join(folder, 'steering-secret'), text);
    const secret = await steeringSecret(folder);
    expect(secret).not.toBe(text);
    expect(await steeringSecret(folder)).toBe(secret);
  });

  it('is another one for each run, and says where it cannot be kept', async () => {
    const first = await steeringSecret(folder);
    await rm(join(folder, 'steering-secret'));
    expect(await steeringSecret(folder)).not.toBe(first);
    await expect(steeringSecret(join(folder, 'none'))).rejects.toMatchObject({ code: 'steering-secret' });
  });
});
