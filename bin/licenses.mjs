/** The licences of packages whose code is inside what was built, as the package of Gradcast has to carry them. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const INSIDE = /^([^:]*?node_modules\/(?:@[^/]+\/)?[^/]+)\//;
/** Gradcast's own: packages may leave out the text of it. */
const OURS = 'Apache-2.0';
const LICENSE = /^(licen[cs]e|copying)/i;

/**
 * @param root that the files' names in metafiles are relative to.
 * @param metafiles of esbuild.
 * @throws Error if a package has no text of its licence.
 */
export async function licensesOf(root, metafiles) {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const files = outputs.flatMap(({ inputs }) => Object.keys(inputs).filter((name) => inputs[name].bytesInOutput > 0));
  const folders = new Set(files.flatMap((file) => INSIDE.exec(file)?.[1] ?? []));
  const texts = await Promise.all([...folders].sort().map((folder) => licenseOf(join(root, folder))));
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

async function licenseOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const found = (await readdir(folder)).find((file) => LICENSE.test(file) && existsSync(join(folder, file)));
  const title = `${name} ${version} (${license})\n\n`;
  if (found !== undefined) return `${title}${(await readFile(join(folder, found), 'utf8')).trim()}\n`;
  if (license === OURS) return `${title}The text is that of LICENSE, which this package has.\n`;
  throw new Error(`${name} ${version} has no text of its licence (${license})`);
}
