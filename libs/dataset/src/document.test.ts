import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HELD_BYTES } from './column.ts';
import { DATASET_CODES } from './errors.ts';
import { MAX_NAMES } from './folder.ts';
import { MAX_PNG_BYTES } from './png-set.ts';
import { MAX_SAMPLE_BYTES, MAX_SAMPLES } from './source.ts';

const document = readFileSync(new URL('../../../docs/data.md', import.meta.url), 'utf8');

describe('docs/data.md', () => {
  it('explains every code of a refused data set, and no other', () => {
    const explained = [...document.matchAll(/^- `([a-z-]+)`:/gm)].map(([, code]) => code);
    expect(explained.sort()).toEqual([...DATASET_CODES].sort());
  });

  it('has the limits', () => {
    for (const bytes of [HELD_BYTES, MAX_SAMPLE_BYTES, MAX_PNG_BYTES])
      expect(document).toContain(`${bytes / 2 ** 20} MiB`);
    for (const count of [MAX_SAMPLES, MAX_NAMES]) expect(document).toContain(count.toLocaleString('en'));
  });
});
