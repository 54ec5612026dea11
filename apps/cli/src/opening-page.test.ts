import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OpeningPage } from './opening-page.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

it('an address with a secret is opened by a file that no other user reads, and that goes again', async () => {
  const page = new OpeningPage(folder);
  const address = await page.write('http://127.0.0.1:5000/?a&"<#secret');
  expect(address).toMatch(/^file:.*open\.html$/);
  expect(address).not.toContain('secret');
  const text = await readFile(fileURLToPath(address), 'utf8');
  expect(text).toContain('content="0; url=http://127.0.0.1:5000/?a&amp;&quot;&lt;#secret"');
  if (process.platform !== 'win32') expect((await stat(fileURLToPath(address))).mode & 0o777).toBe(0o600);
  await page.remove();
  expect(await readdir(folder)).toEqual([]);
});

it('is no matter where it cannot be written, or was not', async () => {
  const page = new OpeningPage(join(folder, 'none'));
  await expect(page.write('http://x/#secret')).rejects.toThrow();
  await page.remove();
});
