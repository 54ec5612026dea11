/** What Keras computed once, as `test/fixtures/keras/make.py` wrote it down. */
import { readFileSync } from 'node:fs';

/** @returns the parsed content of `test/fixtures/keras/NAME.json`. */
export function kerasResults(name: string): unknown {
  const file = new URL(`../../../../test/fixtures/keras/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
