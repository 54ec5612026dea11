import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFINITION_KEYS } from './definition.ts';

/** The row of a table in docs/ that begins with a name. */
function row(document: string, name: string): string {
  const text = readFileSync(new URL(`../../../docs/${document}`, import.meta.url), 'utf8');
  const found = text.split('\n').filter((line) => line.startsWith(`| \`${name}\` `));
  expect(found, `rows of ${name} in ${document}`).toHaveLength(1);
  return found[0];
}

describe.each([
  ['ledger.md', 'header'],
  ['protocol.md', 'welcome'],
])('docs/%s', (document, name) => {
  it(`names everything that decides the bits in its row of ${name}`, () => {
    const named = [...row(document, name).matchAll(/`([A-Za-z]+)`/g)].map(([, each]) => each);
    expect(named.filter((each) => DEFINITION_KEYS.some((key) => key === each))).toEqual(DEFINITION_KEYS);
  });
});
