/**
 * `npm run gallery -- RUN FILE.png`: the README's picture of a finished run, the first samples of seed 0 and none picked, 16 side by
 * side; of a model that is told the class, one row a class. It prints the sentence that goes below the picture.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readImagesFile } from '@gradcast/dataset';
import { sampleGrid } from '@gradcast/evaluate';
import { presets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import { readSummary, Workbench } from '@gradcast/testing';
import { captionOf } from './caption.ts';

const COLUMNS = 16;
const ROWS = 8;
const SHAPE = [28, 28, 1] as const;

const given = process.argv.slice(2);
const [run, file] = given.map((path) => resolve(path));
if (given.length !== 2) {
  process.stderr.write('gallery: RUN and FILE.png are needed\n');
  process.exit(2);
}
const summary = await readSummary(run);
const { data } = JSON.parse(await readFile(join(run, 'config.json'), 'utf8')) as { readonly data: string | null };
const { classes } = presets[summary.preset as PresetName];
const count = COLUMNS * (classes ?? ROWS);
const bench = await Workbench.create();
try {
  const output = bench.path('samples.npy');
  const drawn = await bench.run(['sample', run, '--count', `${count}`, '--seed', '0', '--output', output]);
  if (drawn.code !== 0) throw new Error(drawn.stderr);
  const { images } = await readImagesFile(output);
  await writeFile(file, sampleGrid(images, { count, shape: SHAPE, columns: COLUMNS, rows: classes }));
  process.stdout.write(`${captionOf(summary, { count, isByClass: classes !== undefined, data })}\n`);
} finally {
  await bench.remove();
}
