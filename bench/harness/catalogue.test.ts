/** Each benchmark is a file of bench/, a script of package.json and a row of bench/README.md, by one name. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const names = (await readdir(folder))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

test('scripts', async () => {
  const { scripts } = JSON.parse(await readFile(join(folder, '..', 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  const found = Object.entries(scripts).filter(([script]) => script.startsWith('bench:'));
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(names.map((name) => [`bench:${name}`, `node bin/bench.mjs ${name}`])),
  );
});

test('rows of the table', async () => {
  const text = await readFile(join(folder, 'README.md'), 'utf8');
  expect(
    [...text.matchAll(/^\| \[`bench:([a-z-]+)`\]\(([a-z-]+)\.ts\)/gm)].map(([, name, file]) => [name, file]),
  ).toEqual(names.map((name) => [name, name]));
});

test.each(names)('%s has its own name', async (name) => {
  expect(await readFile(join(folder, `${name}.ts`), 'utf8')).toContain(`  name: '${name}',\n`);
});
