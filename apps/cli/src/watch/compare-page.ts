/**
 * A comparison as one page: curves as SVG, tables, the last grids. It needs no network, no script and no other file, and everything
 * that it has of a run stands there as text.
 */
import { isMinor } from '@gradcast/watching';
import { curveFigure } from '../pages/curve-figure.ts';
import type { CurveLine } from '../pages/curve-figure.ts';
import { escaped } from '../pages/html.ts';
import { htmlPage } from '../pages/html-page.ts';
import { htmlTable } from '../pages/html-table.ts';
import { PAGE_STYLE } from '../pages/page-style.ts';
import { pngData } from '../pages/png-data.ts';
import { definitionRows, finalNumbers, namesOf } from './compared-run.ts';
import type { ComparedRow, ComparedRun } from './compared-run.ts';
import { GRID_BYTES } from './run-files.ts';

/** The whole page. */
export async function comparePage(runs: readonly ComparedRun[]): Promise<string> {
  const title = `Gradcast: ${runs.map(({ path }) => path).join(' and ')}`;
  const definition = definitionRows(runs);
  const body = `<a class="skip" href="#numbers">To the numbers</a>
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
</main>`;
  return htmlPage({ title, style: PAGE_STYLE, body });
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
  const head = ['', ...runs.map(({ letter }) => letter)];
  return htmlTable({ caption, head, rows: rows.map(({ name, values }) => [name, ...values]) });
}

async function gridFigure({ letter, grid }: ComparedRun): Promise<string> {
  if (!grid) return `<figure><figcaption><b>${letter}</b>: no grid was drawn</figcaption></figure>`;
  const png = await pngData(grid.path, GRID_BYTES);
  const caption = `<figcaption><b>${letter}</b>, after step ${grid.step}</figcaption>`;
  if (!png) return `<figure><p>${escaped(grid.path)} cannot be shown.</p>${caption}</figure>`;
  const alt = `Samples of run ${letter} after step ${grid.step}`;
  return `<figure><img alt="${alt}" src="${png}">${caption}</figure>`;
}

function curveSection(runs: readonly ComparedRun[]): string {
  const names = namesOf(runs);
  if (names.length === 0) return '<p>None of the runs has closed a step.</p>';
  const minor = names.filter(isMinor);
  const major = names.filter((name) => !isMinor(name));
  const figures = (some: readonly string[]) => some.map((name) => curveFigure(name, linesOf(name, runs))).join('\n');
  const rest = `<details><summary>Learning rate, gradients, workers</summary>
<div class="curves">
${figures(minor)}
</div></details>`;
  return `<div class="curves">
${figures(major)}
</div>
${minor.length > 0 ? rest : ''}`;
}

function linesOf(name: string, runs: readonly ComparedRun[]): CurveLine[] {
  return runs.map(({ letter, curves }, index) => ({ letter, index, points: curves.get(name)?.points ?? [] }));
}
