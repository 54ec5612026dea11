import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PageFiles } from './page-files.ts';

const TYPES = { 'index.html': 'text/html', 'page.js': 'text/javascript', 'style.css': 'text/css' } as const;
type PageFile = keyof typeof TYPES;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  for (const name of Object.keys(TYPES)) await writeFile(join(folder, name), `plain ${name}`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const read = () => PageFiles.read(TYPES, pathToFileURL(`${folder}/`));

function asked(files: PageFiles<PageFile>, name: PageFile, headers: Record<string, string> = {}) {
  const answer = files.answer(name, headers);
  if (!('body' in answer)) throw new Error('a file does not stream');
  return { ...answer, text: String(answer.body), headers: answer.headers! };
}

describe('the files of the page', () => {
  it('are all there, with their types', async () => {
    const files = await read();
    for (const [name, type] of Object.entries(TYPES)) {
      const answer = asked(files, name as PageFile);
      expect([answer.status, answer.type, answer.text]).toEqual([200, type, `plain ${name}`]);
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-cache', vary: 'accept-encoding' });
      expect(answer.headers).not.toHaveProperty('content-encoding');
    }
  });

  it.each([
    ['gzip, deflate, br', 'br'],
    ['br;q=1.0, gzip;q=0.5', 'br'],
    ['GZIP', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0,gzip;q=0', undefined],
    ['identity', undefined],
    ['*', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('go to who takes %o as %s', async (accepts, coding) => {
    await writeFile(join(folder, 'page.js.br'), 'br');
    await writeFile(join(folder, 'page.js.gz'), 'gzip');
    const headers = accepts === undefined ? undefined : { 'accept-encoding': accepts };
    const answer = asked(await read(), 'page.js', headers);
    expect([answer.headers['content-encoding'], answer.text]).toEqual([coding, coding ?? 'plain page.js']);
  });

  it('are not sent again to who has them', async () => {
    await writeFile(join(folder, 'page.js.br'), 'br');
    const files = await read();
    const plain = asked(files, 'page.js').headers['etag'];
    const coded = asked(files, 'page.js', { 'accept-encoding': 'br' }).headers['etag'];
    expect(coded).not.toBe(plain);
    const again = asked(files, 'page.js', { 'if-none-match': `"x", W/${plain}` });
    expect([again.status, again.text, again.headers['etag']]).toEqual([304, '', plain]);
    expect(asked(files, 'page.js', { 'if-none-match': plain, 'accept-encoding': 'br' }).status).toBe(200);
    expect(asked(files, 'style.css', { 'if-none-match': plain }).status).toBe(200);
  });

  it('are refused with a sentence where one is missing', async () => {
    await rm(join(folder, 'style.css'));
    const refused = read();
    await expect(refused).rejects.toMatchObject({ code: 'page-files' });
    await expect(refused).rejects.toThrow('style.css');
  });
});
