import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OPTIONS } from './option-table.ts';
import { PROBLEM_CODES } from './problem.ts';
import { optionReference } from './reference.ts';

const document = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
/** Cells without the spaces that align a table in its source. */
const cells = (line: string) =>
  line
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())
    .join('|');
const written = new Set(document.split('\n').map(cells));

describe('docs/configuration.md', () => {
  it.each(
    optionReference()
      .split('\n')
      .filter((line) => line.startsWith('| `')),
  )('has the row %s', (row) => {
    expect(written).toContain(cells(row));
  });

  it('lists no option that is gone', () => {
    const names = OPTIONS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
    for (const [, name] of document.matchAll(/--([a-z][a-z-]*)/g))
      expect([...names, 'help', 'version']).toContain(name);
  });

  it('explains every code of a refused configuration, and no other', () => {
    const explained = [...document.matchAll(/^- `([a-z-]+)`:/gm)].map(([, code]) => code);
    expect(explained.sort()).toEqual([...PROBLEM_CODES].sort());
  });
});
