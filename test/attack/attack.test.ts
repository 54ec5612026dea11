/**
 * The short form of `npm run attack`: a real coordinator and an honest worker under many attacks at once, then under poison.
 * The run ends with the bits of an undisturbed one, a ledger that proves it, and not one unprintable character.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attackNamed } from './catalogue.ts';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.create({ backend: 'wasm', steps: 8 });
});
afterAll(() => stage.close());

it.each([
  {
    by: 'frames and claims',
    names: [
      'pong with 3,900 unknown keys',
      'ping with one key of 16,345 characters',
      'text frames',
      'garbage frames, 200 lengths',
      'control characters and terminal escapes',
      'a wrong Host at the metrics port',
    ],
  },
  { by: 'poison', names: ['a gradient of 1e22 before step 100'] },
  {
    by: 'volunteers',
    names: [
      '8 volunteers come before anybody else',
      'a volunteer floods with pings',
      'a volunteer of NaN',
      '8 volunteers hold what they are leased',
    ],
  },
  { by: 'whoever comes first', names: ['a made-up profile comes first, --exact'] },
])('a run under attack by $by ends as if nobody had come', async ({ names }) => {
  const { failure, seen } = await stage.play(names.map(attackNamed));
  expect(failure, seen).toBe(undefined);
});
