/** The report of a run as one page: what became of it, grids, curves, time line, where the time went, and how it is repeated and checked. */
import { isMinor, presetOf } from '@gradcast/watching';
import type { Curve } from '@gradcast/watching';
import { curveFigure } from '../pages/curve-figure.ts';
import { escaped } from '../pages/html.ts';
import { htmlPage } from '../pages/html-page.ts';
import { htmlTable } from '../pages/html-table.ts';
import { showNumber } from '../watch/text-table.ts';
import { gridSection } from './grid-section.ts';
import { phaseSection } from './phase-section.ts';
import { configurationSection, proofSection, versionSection } from './proof-section.ts';
import { REPORT_STYLE } from './report-style.ts';
import type { RunRecord } from './run-record.ts';
import { isScore, storyOf } from './story.ts';
import { timelineSection } from './timeline.ts';
import { capital } from './words.ts';

/** Pages of one folder, by one version, are equal byte for byte. @param version of Gradcast, which makes the page. */
export async function reportPage(record: RunRecord, version: string): Promise<string> {
  const { id, state, config, faults } = record;
  const preset = presetOf(config);
  const answers = storyOf(record).map(
    ({ question, sentences }) => `<div><dt>${question}</dt><dd>${escaped(sentences.join(' '))}</dd></div>`,
  );
  const body = `<a class="skip" href="#grids">To the samples</a>
<header>
<h1>${escaped(preset)}: ${escaped(state)}</h1>
<p class="id">Run <code>${escaped(id)}</code></p>
<dl class="answers">
${answers.join('\n')}
</dl>
${faults.length > 0 ? `<ul class="faults">\n${faults.map((fault) => `<li>${escaped(capital(fault))}.</li>`).join('\n')}\n</ul>` : ''}
</header>
<main>
${section('grids', 'Samples through time', await gridSection(record.grids))}
${section('curves', 'Curves', curveSection(record))}
${section('workers', 'Who computed when', timelineSection(record))}
${section('time', 'Where the time went', phaseSection(record))}
${section('configuration', 'Configuration, and how to repeat it', configurationSection(record))}
${section('versions', 'Versions', versionSection(record))}
${section('proof', 'What came out, and how to check it', proofSection(record))}
</main>
<footer><p>Made by Gradcast ${escaped(version)} from the files of the run's folder.</p></footer>`;
  return htmlPage({ title: `${preset}: ${state} (${id})`, style: REPORT_STYLE, body });
}

function section(id: string, title: string, content: string): string {
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${content}
</section>`;
}

function curveSection({ curves }: RunRecord): string {
  if (curves.size === 0) return '<p>No step has closed, or nobody wrote down what it came to.</p>';
  const names = [...curves.keys()].sort((a, b) => rank(a) - rank(b));
  const figures = (some: readonly string[]) =>
    some.map((name) => curveFigure(name, [{ letter: null, index: 0, points: curves.get(name)!.points }])).join('\n');
  const once = names.filter((name) => isOnce(curves.get(name)!));
  const drawn = names.filter((name) => !once.includes(name));
  const minor = drawn.filter(isMinor);
  const rest = `<details><summary>Learning rate, gradients, workers</summary>
<div class="curves">
${figures(minor)}
</div></details>`;
  return `<div class="curves">
${figures(drawn.filter((name) => !isMinor(name)))}
</div>
${minor.length > 0 ? rest : ''}
${once.length > 0 ? onceTable(once, curves) : ''}`;
}

function isOnce({ points }: Curve): boolean {
  return points.length < 2;
}

/** Numbers that were written down once make no curve. */
function onceTable(names: readonly string[], curves: RunRecord['curves']): string {
  const rows = names.map((name) => {
    const { step, value } = curves.get(name)!.last;
    return [name, showNumber(value), String(step)];
  });
  return htmlTable({ caption: 'Numbers that were written down once', head: ['', 'value', 'after step'], rows });
}

/** Losses first, then scores, then speed, then the rest as the file has it. */
function rank(name: string): number {
  if (name.startsWith('loss')) return 0;
  if (isScore(name)) return 1;
  return name === 'images_per_second' ? 2 : 3;
}
