/** What Keras computed once, as `test/fixtures/keras/make.py` wrote it down. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './gradcast-process.ts';

/** @returns the parsed content of `test/fixtures/keras/NAME.json`. */
export function kerasResults(name: string): unknown {
  return JSON.parse(readFileSync(join(repository, 'test', 'fixtures', 'keras', `${name}.json`), 'utf8'));
}
