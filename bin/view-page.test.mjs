import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VIEW_PAGE, writeViewPage } from './view-page.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** As it is, not compressed. */
const MOST_BYTES = 120_000;

describe('the page on which people watch', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradcast-view-'));
    await writeViewPage(root, folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has the files that a coordinator gives out, each with its compressed forms', async () => {
    const source = await readFile(join(root, 'apps/coordinator/src/viewing/view-files.ts'), 'utf8');
    const names = [...source.matchAll(/^ {2}'([^']+\.[a-z]+)': '/gm)].map(([, name]) => name);
    expect(names.sort()).toEqual([...VIEW_PAGE].sort());
    expect((await readdir(folder)).sort()).toEqual(names.flatMap((name) => [name, `${name}.br`, `${name}.gz`]).sort());
  });

  it(`has at most ${MOST_BYTES / 1000} kB in all`, async ({ annotate }) => {
    const sizes = await Promise.all(VIEW_PAGE.map(async (name) => [name, (await stat(join(folder, name))).size]));
    const all = sizes.reduce((sum, [, size]) => sum + size, 0);
    await annotate(`${all} bytes: ${sizes.map(([name, size]) => `${name} ${size}`).join(', ')}`);
    expect(all).toBeLessThan(MOST_BYTES);
  });

  it('loads nothing from elsewhere, and makes no markup or code out of text', async () => {
    for (const name of ['index.html', 'page.css']) {
      expect(await readFile(join(folder, name), 'utf8')).not.toMatch(/https?:|\/\/[a-z]|style="|\son[a-z]+="/);
    }
    const script = await readFile(join(folder, 'page.js'), 'utf8');
    expect(script).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\bimport\(/,
    );
  });
});
