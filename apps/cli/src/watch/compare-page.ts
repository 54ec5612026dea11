/**
 * A comparison as one page: curves as SVG, tables, the last grids. It needs no network, no script and no other file, and everything
 * that it has of a run stands there as text.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isMinor } from '@gradcast/watching';
import { definitionRows, finalNumbers, namesOf } from './compared-run.ts';
import type { ComparedRow, ComparedRun } from './compared-run.ts';
import { curveFigure } from './curve-figure.ts';
import { escaped } from './html.ts';
import { PAGE_STYLE } from './page-style.ts';
import { GRID_BYTES } from './run-files.ts';

const PNG = [137, 80, 78, 71, 13, 10, 26, 10];

/** The whole page. */
export async function comparePage(runs: readonly ComparedRun[]): Promise<string> {
  const title = `Gradcast: ${runs.map(({ path }) => path).join(' and ')}`;
  const style = createHash('sha256').update(PAGE_STYLE).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'`;
  const definition = definitionRows(runs);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#numbers">To the numbers</a>
<header>
<h1>Runs side by side</h1>
<ul class="runs">
${runs.map(legendItem).join('\n')}
</ul>
</header>
<main>
<section aria-labelledby="numbers">
<h2 id="numbers">What they came to</h2>
${table('Numbers of each run', runs, finalNumbers(runs))}
</section>
<section aria-labelledby="definition">
<h2 id="definition">What decides the bits and differs</h2>
${definitionSection(runs, definition)}
</section>
<section aria-labelledby="grids">
<h2 id="grids">The newest samples</h2>
<div class="grids">
${(await Promise.all(runs.map(gridFigure))).join('\n')}
</div>
</section>
<section aria-labelledby="curves">
<h2 id="curves">Curves</h2>
${curveSection(runs)}
</section>
</main>
</body>
</html>
`;
}

function legendItem({ letter, path, state }: ComparedRun, index: number): string {
  return `<li><svg class="key" aria-hidden="true" viewBox="0 0 28 10"><path class="c${index}" d="M1 5H27"/></svg> <b>${letter}</b> <code>${escaped(path)}</code>, ${escaped(state)}</li>`;
}

function definitionSection(runs: readonly ComparedRun[], rows: readonly ComparedRow[] | null): string {
  if (rows === null) return '<p>What decides the bits of A cannot be read by this version.</p>';
  if (rows.length === 0) return '<p>Nothing.</p>';
  return table('Differences in the definition', runs, rows);
}

function table(caption: string, runs: readonly ComparedRun[], rows: readonly ComparedRow[]): string {
  const head = runs.map(({ letter }) => `<th scope="col">${letter}</th>`).join('');
  const body = rows.map(({ name, values }) => {
    const cells = values.map((value) => `<td>${escaped(value)}</td>`).join('');
    return `<tr><th scope="row">${escaped(name)}</th>${cells}</tr>`;
  });
  return `<div class="wide" role="region" aria-label="${escaped(caption)}" tabindex="0"><table>
<caption>${escaped(caption)}</caption>
<thead><tr><td></td>${head}</tr></thead>
<tbody>
${body.join('\n')}
</tbody>
</table></div>`;
}

async function gridFigure({ letter, grid }: ComparedRun): Promise<string> {
  if (!grid) return `<figure><figcaption><b>${letter}</b>: no grid was drawn</figcaption></figure>`;
  const png = await pngOf(grid.path);
  const caption = `<figcaption><b>${letter}</b>, after step ${grid.step}</figcaption>`;
  if (!png) return `<figure><p>${escaped(grid.path)} cannot be shown.</p>${caption}</figure>`;
  const alt = `Samples of run ${letter} after step ${grid.step}`;
  return `<figure><img alt="${alt}" src="data:image/png;base64,${png.toString('base64')}">${caption}</figure>`;
}

async function pngOf(path: string): Promise<Buffer | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > GRID_BYTES) return undefined;
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && PNG.every((byte, i) => bytes[i] === byte) ? bytes : undefined;
}

function curveSection(runs: readonly ComparedRun[]): string {
  const names = namesOf(runs);
  if (names.length === 0) return '<p>None of the runs has closed a step.</p>';
  const minor = names.filter(isMinor);
  const major = names.filter((name) => !isMinor(name));
  const figures = (some: readonly string[]) => some.map((name) => curveFigure(name, runs)).join('\n');
  const rest = `<details><summary>Learning rate, gradients, workers</summary>
<div class="curves">
${figures(minor)}
</div></details>`;
  return `<div class="curves">
${figures(major)}
</div>
${minor.length > 0 ? rest : ''}`;
}
