/**
 * The page on which people watch a run, as files: its script with uPlot in it, its style with uPlot's, its document and its icon.
 * `apps/coordinator/src/viewing/view-files.ts` has the list of names.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compress, FOR_BROWSERS } from './page-files.mjs';

/** Written by hand, in apps/web/page. */
const COPIED = ['index.html', 'icon.svg'];
export const VIEW_PAGE = [...COPIED, 'page.js', 'page.css'];
/** What the build depends on, besides scripts. */
export const WRITTEN_VIEW = [...COPIED, 'style.css'];

/**
 * Writes all files into a folder that is made for them.
 *
 * @param root of the repository.
 * @param quality of brotli.
 * @returns esbuild's metafiles.
 */
export async function writeViewPage(root, folder, quality = 10) {
  const { build } = await import('esbuild');
  await mkdir(folder, { recursive: true });
  const written = (name) => join(root, 'apps', 'web', 'page', name);
  // One entry of both: the style lies beside the script, under its name.
  const contents = `import 'uplot/dist/uPlot.min.css'; import './page/style.css'; import './src/page.ts';`;
  const [{ metafile }] = await Promise.all([
    build({
      ...FOR_BROWSERS,
      absWorkingDir: root,
      stdin: { contents, resolveDir: join(root, 'apps', 'web'), sourcefile: 'page.ts', loader: 'ts' },
      outfile: join(folder, 'page.js'),
    }),
    ...COPIED.map((name) => copyFile(written(name), join(folder, name))),
  ]);
  await Promise.all(VIEW_PAGE.map((name) => compress(join(folder, name), quality)));
  return [metafile];
}
