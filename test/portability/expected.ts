/** The hashes that every machine must come to: test/fixtures/wasm/hashes.json. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository as root } from '@gradcast/testing';
import type { Answer, PresetName } from './steps.ts';

export interface Expected {
  /** What made them, in words. */
  readonly commands: readonly string[];
  readonly seed: number;
  /** By preset: hash of the gradient of 16 images by formula. */
  readonly gradients: Readonly<Record<PresetName, Answer['hashes']>>;
  /** By preset and number of steps. */
  readonly steps: Readonly<Record<PresetName, Readonly<Record<string, Answer['hashes']>>>>;
}

export async function readExpected(): Promise<Expected> {
  return JSON.parse(await readFile(join(root, 'test', 'fixtures', 'wasm', 'hashes.json'), 'utf8')) as Expected;
}

/** What differs, in a sentence; undefined if nothing does. */
export function difference({ gradients, steps }: Expected, answer: Answer): string | undefined {
  const expected = answer.steps === 0 ? gradients[answer.preset] : steps[answer.preset][String(answer.steps)];
  for (const name of Object.keys(expected)) {
    if (answer.hashes[name] === expected[name]) continue;
    return `${name} of ${answer.preset} is ${answer.hashes[name].slice(0, 12)}, not ${expected[name].slice(0, 12)}`;
  }
  return undefined;
}
