/** `gradcast compare`: curves and numbers of runs side by side, in the terminal, as a page, as JSON. */
import { resolve } from 'node:path';
import { printable } from '@gradcast/protocol';
import { isMinor, member } from '@gradcast/watching';
import { EXIT_DONE } from '../exit-codes.ts';
import { assertPlace, writeOutputFile } from '../outputs/place.ts';
import { definitionRows, finalNumbers, namesOf, readComparedRun } from './compared-run.ts';
import type { ComparedRow, ComparedRun } from './compared-run.ts';
import { comparePage } from './compare-page.ts';
import { scaleOf, sparkline } from './sparkline.ts';
import { showNumber, textTable, widthOf } from './text-table.ts';
import type { Watching } from './watching.ts';

export interface CompareRequest {
  /** Run folders, two or more. */
  readonly runs: readonly string[];
  /** Where the page goes, or null for none. */
  readonly html: string | null;
  readonly json: boolean;
}

/** Characters of a curve. */
const NARROW = 12;
const WIDE = 40;

/** @throws RunError `run-missing`, `run-corrupt`; OutputError for the page; an error of the system. */
export async function runCompare({ runs: paths, html, json }: CompareRequest, around: Watching): Promise<number> {
  const { stdout, stderr, clock } = around;
  const page = html === null ? null : resolve(html);
  if (page !== null) await assertPlace(page, 'file');
  const runs: ComparedRun[] = [];
  for (const path of paths) {
    runs.push(await readComparedRun(path, String.fromCharCode(65 + runs.length), clock.now()));
  }
  if (page !== null) await writeOutputFile(page, [new TextEncoder().encode(await comparePage(runs))]);
  if (json) stdout.write(`${JSON.stringify(asJson(runs))}\n`);
  else stdout.write(`${inText(runs, stdout.columns ?? 80).join('\n')}\n`);
  if (page !== null) stderr.write(`the page is ${printable(page, 400)}\n`);
  return EXIT_DONE;
}

/** Lines for a terminal of so many columns. */
export function inText(runs: readonly ComparedRun[], columns: number): string[] {
  const letters = runs.map(({ letter }) => letter);
  const names = runs.map(({ letter, path }) => `${letter}  ${printable(path, 400)}`);
  const curves = curveLines(runs, columns);
  const numbers = finalNumbers(runs);
  const definition = definitionRows(runs);
  return [
    ...names,
    ...(curves.length > 0 ? ['', ...curves] : []),
    '',
    ...rowsInText(letters, numbers),
    '',
    ...definitionLines(letters, definition),
  ];
}

/** Each row has one scale for all runs, and its ends stand behind it. */
function curveLines(runs: readonly ComparedRun[], columns: number): string[] {
  const names = namesOf(runs).filter((name) => !isMinor(name));
  const head = Math.max(0, ...names.map(widthOf));
  const width = Math.max(NARROW, Math.min(WIDE, Math.floor((columns - head - 24) / runs.length) - 2));
  const rows = names.map((name) => {
    const points = runs.map(({ curves }) => curves.get(name)?.points.map(({ value }) => value) ?? []);
    const scale = scaleOf(points.flat());
    const lines = points.map((values) => sparkline(values, width, scale));
    return [name, ...lines, scale ? `${showNumber(scale.min)} to ${showNumber(scale.max)}` : ''];
  });
  if (rows.length === 0) return [];
  return textTable([['', ...runs.map(({ letter }) => letter), 'from the lowest to the highest'], ...rows]);
}

function rowsInText(letters: readonly string[], rows: readonly ComparedRow[]): string[] {
  const right = letters.map((_, i) => i + 1);
  return textTable([['', ...letters], ...rows.map(({ name, values }) => [name, ...values])], right);
}

function definitionLines(letters: readonly string[], rows: readonly ComparedRow[] | null): string[] {
  if (rows === null) return ['what decides the bits of A cannot be read by this version'];
  if (rows.length === 0) return ['nothing that decides the bits differs'];
  return ['what decides the bits and differs', ...rowsInText(letters, rows)];
}

function asJson(runs: readonly ComparedRun[]) {
  return {
    type: 'comparison',
    runs: runs.map(({ letter, path, state, summary, quality, scores, curves, grid }) => ({
      letter,
      path,
      state,
      summary: summary ?? null,
      quality: quality ?? null,
      scores: scores ?? null,
      grid: grid ?? null,
      curves: Object.fromEntries([...curves].map(([name, curve]) => [name, curve.points])),
    })),
    differences: definitionsAsJson(runs),
  };
}

/** By name the value of each run, as its configuration has it; null where it cannot be known. */
function definitionsAsJson(runs: readonly ComparedRun[]): Record<string, unknown[]> | null {
  const rows = definitionRows(runs);
  if (!rows) return null;
  const valuesOf = (name: string) => runs.map(({ config }) => member(config, name) ?? null);
  return Object.fromEntries(rows.map(({ name }) => [name, valuesOf(name)]));
}
