import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { licensesOf } from './licenses.mjs';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gradcast-licenses-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function install(name, license, files = {}) {
  const folder = join(root, 'node_modules', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version: '1.2.3', license }));
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
}

const built = (inputs) => [{ outputs: { 'page.js': { inputs } } }];
const whole = { bytesInOutput: 10 };

it('has the text of each package of which something is inside, once', async () => {
  await install('@scope/one', 'MIT', { LICENSE: 'One may.\n' });
  await install('two', 'Apache-2.0');
  const text = await licensesOf(
    root,
    built({
      'node_modules/@scope/one/a.js': whole,
      'node_modules/@scope/one/b.js': whole,
      'node_modules/two/deep/index.js': whole,
      'node_modules/unused/index.js': { bytesInOutput: 0 },
      '(disabled):node_modules/absent/index.js': whole,
      'libs/ours.ts': whole,
    }),
  );
  expect(text.match(/^\S+ 1\.2\.3 .*$/gm)).toEqual(['@scope/one 1.2.3 (MIT)', 'two 1.2.3 (Apache-2.0)']);
  expect(text).toContain('One may.');
  expect(text).toContain('The text is that of LICENSE');
});

it('is refused without a text that the licence asks for', async () => {
  await install('bare', 'MIT');
  const made = licensesOf(root, built({ 'node_modules/bare/index.js': whole }));
  await expect(made).rejects.toThrow('bare 1.2.3 has no text of its licence (MIT)');
});
