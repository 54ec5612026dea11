/** Sample grids through time: a bounded number of a bounded size, the first and the last among them. */
import { stat } from 'node:fs/promises';
import type { SampleGrid } from '@gradcast/watching';
import { evenly } from '../pages/evenly.ts';
import { pngData } from '../pages/png-data.ts';
import { counted } from './words.ts';

const MOST_GRIDS = 8;
/** Bytes of all pictures together, a third of which writing them as text adds. */
const MOST_BYTES = 700_000;

export async function gridSection(grids: readonly SampleGrid[]): Promise<string> {
  if (grids.length === 0) return '<p>No grid was drawn.</p>';
  const chosen = await fitting(grids);
  const figures = await Promise.all(chosen.map(figure));
  const shown = chosen.length < grids.length ? `<p>${chosen.length} of ${counted(grids.length, 'grid')}.</p>\n` : '';
  if (chosen.length === 0) return `<p>The grids are too large to be part of this page.</p>`;
  return `${shown}<div class="grids">
${figures.join('\n')}
</div>`;
}

/** As many as there is room for. */
async function fitting(grids: readonly SampleGrid[]): Promise<SampleGrid[]> {
  for (let most = MOST_GRIDS; most > 0; most--) {
    const some = evenly(grids, most);
    const sizes = await Promise.all(
      some.map(({ path }) =>
        stat(path).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    if (sizes.reduce((sum, size) => sum + size, 0) <= MOST_BYTES) return some;
  }
  return [];
}

async function figure({ step, path }: SampleGrid): Promise<string> {
  const picture = await pngData(path, MOST_BYTES);
  const caption = `<figcaption>after step ${step}</figcaption>`;
  if (picture === undefined) return `<figure><p>The grid of step ${step} cannot be shown.</p>${caption}</figure>`;
  return `<figure><img alt="Samples after step ${step}" src="${picture}">${caption}</figure>`;
}
