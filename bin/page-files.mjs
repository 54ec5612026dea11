/** Files of pages as coordinators give them out: each with its compressed forms. */
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** What pages look like alike; the style of each imports it. */
export const THEME = 'libs/theme/page.css';

/** What every script of a page is built with; it is for browsers of the last years. */
export const FOR_BROWSERS = {
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  metafile: true,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'error',
};

/**
 * Writes the compressed forms of a file beside it.
 *
 * @param quality of brotli, up to 11: at 10 it costs half a second and a page has 2 % more, at 11 two seconds; at 9 it is too large.
 */
export async function compress(file, quality) {
  const plain = await readFile(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(plain, { params }));
  await writeFile(`${file}.gz`, await promisify(gzip)(plain, { level: 9 }));
}
