/** The curves of one name, of one run or more, as a figure: SVG for eyes, a table of some of its points for everybody. */
import type { Point } from '@gradcast/watching';
import { scaleOf } from '../watch/sparkline.ts';
import type { Scale } from '../watch/sparkline.ts';
import { showNumber } from '../watch/text-table.ts';
import { evenly } from './evenly.ts';
import { escaped } from './html.ts';

const WIDTH = 480;
const HEIGHT = 200;
/** Room for numbers left of the curves, and for steps below them. */
const LEFT = 64;
const TOP = 8;
const BOTTOM = 24;
/** Rows of the table. */
const NAMED = 10;

export interface CurveLine {
  /** `A`, `B`, … of runs that are compared; null of a run alone. */
  readonly letter: string | null;
  /** Which of the colours. */
  readonly index: number;
  readonly points: readonly Point[];
}

/** Empty where no line has a point. */
export function curveFigure(name: string, all: readonly CurveLine[]): string {
  const lines = all.filter(({ points }) => points.length > 0);
  const values = scaleOf(lines.flatMap(({ points }) => points.map(({ value }) => value)));
  const steps = scaleOf(lines.flatMap(({ points }) => points.map(({ step }) => step)));
  if (!values || !steps) return '';
  const range = `${showNumber(values.min)} to ${showNumber(values.max)}`;
  const letters = lines.flatMap(({ letter }) => letter ?? []).join(', ');
  const label = `${name} over steps ${steps.min} to ${steps.max}, from ${range}${letters === '' ? '' : `, of ${letters}`}`;
  return `<figure class="curve"><figcaption>${escaped(name)}</figcaption>
<svg role="img" aria-label="${escaped(label)}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
<path class="axis" d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - 4}"/>
<text class="right" x="${LEFT - 6}" y="${TOP + 8}">${atAxis(values.max)}</text>
<text class="right" x="${LEFT - 6}" y="${HEIGHT - BOTTOM}">${atAxis(values.min)}</text>
<text x="${LEFT}" y="${HEIGHT - 6}">step ${steps.min}</text>
<text class="right" x="${WIDTH - 4}" y="${HEIGHT - 6}">${steps.max}</text>
${lines.map((line) => path(line, steps, values)).join('\n')}
</svg>
<details><summary>Numbers of ${escaped(name)}</summary>
${numbers(name, lines)}
</details></figure>`;
}

function path({ index, points }: CurveLine, steps: Scale, values: Scale): string {
  const at = points.map(({ step, value }) => {
    const x = LEFT + share(step, steps) * (WIDTH - 4 - LEFT);
    const y = HEIGHT - BOTTOM - share(value, values) * (HEIGHT - BOTTOM - TOP);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  // A point alone has no length; it is drawn as a dot by the round end of its line.
  return `<path class="c${index}" d="M${at[0]}L${at.join('L')}"/>`;
}

/** As many characters as there is room for. */
function atAxis(value: number): string {
  const text = showNumber(value);
  return text.length > 9 ? value.toExponential(2) : text;
}

function share(value: number, { min, max }: Scale): number {
  return max > min ? (value - min) / (max - min) : 0.5;
}

function numbers(name: string, lines: readonly CurveLine[]): string {
  const tables = lines.map(({ letter, points }) => {
    const rows = evenly(points, NAMED).map(
      ({ step, value }) => `<tr><th scope="row">${step}</th><td>${showNumber(value)}</td></tr>`,
    );
    const caption = letter === null ? '' : `<caption>${letter}</caption>`;
    return `<table>${caption}<thead><tr><th scope="col">step</th><th scope="col">${escaped(name)}</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  });
  return `<div class="side">${tables.join('')}</div>`;
}
