import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { RunEvent } from './run-events.ts';

/** Fields of each event; one that is forgotten here does not compile. */
const FIELDS: { readonly [T in RunEvent['type']]: readonly Exclude<keyof Extract<RunEvent, { type: T }>, 'type'>[] } = {
  state: ['from', 'to', 'pausing', 'cause'],
  joined: ['name', 'role', 'backend', 'device', 'profile'],
  left: ['worker', 'why', 'reason'],
  refused: ['worker', 'code', 'sentence', 'leftOut'],
  'drain-asked': ['worker', 'by'],
  quarantined: ['worker', 'reason', 'termMs'],
  parked: ['worker', 'bytesPerSecond', 'neededBytesPerSecond'],
  'leased-again': ['worker', 'step', 'first', 'count', 'why'],
  audited: ['ending', 'worker'],
  distrusted: ['worker', 'session', 'step', 'start', 'size', 'uses'],
  'step-closed': ['step', 'seconds', 'skipped'],
  saved: ['step', 'seconds'],
  sampled: ['step', 'spread', 'classes'],
  scored: ['step', 'split', 'samples', 'accuracy'],
  evaluated: [
    'step',
    'judge',
    'samples',
    'frechet',
    'kernelDistance',
    'precision',
    'recall',
    'density',
    'coverage',
    'entropy',
    'confidence',
    'nearestRatio',
    'shares',
    'heldOut',
  ],
  trouble: ['trouble', 'step', 'began', 'sentence', 'advice'],
};

it('docs/protocol.md has every event with its fields, and no other', () => {
  const document = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
  const [, section] = document.split('\n### Events\n');
  const rows = [...section.matchAll(/^\| `([a-z-]+)` *\| (.*) \|$/gm)];
  expect(rows.map(([, type]) => type).sort()).toEqual(Object.keys(FIELDS).sort());
  for (const [, type, words] of rows) {
    for (const field of FIELDS[type as RunEvent['type']]) expect(words, type).toContain(`\`${field}\``);
  }
});
