/**
 * What `gradcast export --format html` makes its pages of: the document and the style as they are, the script minified, in one
 * piece and without a module's imports, so that it can stand inside the page.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

const SOURCE = 'libs/export/page';

/** Written by hand. */
export const PAGE_FILES = ['index.html', 'style.css'].map((name) => `${SOURCE}/${name}`);

/** Writes the parts into a folder that is made for them. @returns esbuild's metafiles. */
export async function writeExportPage(root, folder) {
  const { build } = await import('esbuild');
  await mkdir(folder, { recursive: true });
  const [{ metafile }] = await Promise.all([
    build({
      absWorkingDir: root,
      entryPoints: [`${SOURCE}/page.ts`],
      outdir: folder,
      bundle: true,
      format: 'iife',
      platform: 'browser',
      target: 'es2022',
      minify: true,
      metafile: true,
      legalComments: 'none',
      charset: 'ascii',
      logLevel: 'error',
    }),
    ...PAGE_FILES.map((file) => copyFile(join(root, file), join(folder, file.slice(SOURCE.length)))),
  ]);
  return [metafile];
}
