import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { resolveTrain } from '@gradcast/config';
import type { CoordinatorConfig } from '@gradcast/config';
import { EXAMPLE } from '@gradcast/definition/example';
import { describe, expect, it } from 'vitest';
import { commandLine, quotedForShell } from './command-line.ts';

const MACHINE = { environment: {}, cores: 2, hostname: 'here' };
const PROFILE = { common: (name: string) => ({ backend: 'tensorflow', device: 'cpu', threads: '4' })[name] };
const NOTHING = { common: () => undefined };

/** The words of a command that needs no shell to be taken apart. */
function wordsOf(command: string): string[] {
  const [program, train, ...words] = command.split(' ');
  expect([program, train]).toEqual(['gradcast', 'train']);
  return words;
}

describe('the command that repeats a run', () => {
  it.each([
    '',
    '--preset classic --steps 7 --seed 3',
    '--preset conditional --epochs 2 --lr 0.001',
    '--global-batch 64 --micro-batches 2',
    '--micro-batches 8',
    '--codec int8 --clip-norm 1.5 --average-images 1000',
    '--lr-schedule cosine --warmup-images 256 --decay-from-images 1000 --decay-to-images 2000',
    '--early-stop frechet --evaluate-every 10 --evaluate-count 500',
    '--on-divergence skip --exact',
  ])('train %s', (flags) => {
    const { coordinator } = resolveTrain(flags.split(' ').filter(Boolean), MACHINE);
    const again = resolveTrain(wordsOf(commandLine(stored(coordinator), undefined, NOTHING)!), MACHINE).coordinator;
    const plain = (config: typeof coordinator) => JSON.parse(JSON.stringify(config)) as object;
    // Evaluations that decide nothing are not part of it.
    expect(plain(again)).toEqual({ ...plain(coordinator), ...pick(again, ['evaluateEvery', 'evaluateCount']) });
  });

  it('says what computed where all computed with the same', () => {
    const { coordinator } = resolveTrain([], MACHINE);
    expect(commandLine(stored(coordinator), undefined, PROFILE)).toMatch(/ --backend tensorflow --threads 4$/);
    expect(commandLine(stored(coordinator), { backend: 'wasm' }, NOTHING)).toMatch(/ --backend wasm$/);
    expect(commandLine(stored(coordinator), { backend: 'tensorflow+wasm' }, NOTHING)).not.toContain('--backend');
  });

  it('is not there where the files do not say what was trained', () => {
    expect(commandLine({}, undefined, NOTHING)).toBeUndefined();
    expect(commandLine({ preset: 'mnist', length: 'x', seed: { a: 1 } }, undefined, NOTHING)).toContain('--preset');
  });

  it('has values as a shell gives them back, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 }), (value) => {
        const shown = execFileSync('/bin/sh', ['-c', `printf %s ${quotedForShell(value)}`], { encoding: 'utf8' });
        expect(shown).toBe(value);
      }),
      { numRuns: 30 },
    );
    expect(quotedForShell('a\u001bb\nc')).toBe("'a?b?c'");
  });
});

/** As `config.json` has it. */
function stored(config: CoordinatorConfig): object {
  const { earlyStop, evaluateEvery, evaluateCount } = config;
  const lookedAt = earlyStop === 'none' ? {} : { earlyStopEvery: evaluateEvery, earlyStopCount: evaluateCount };
  return { ...EXAMPLE, ...config, ...lookedAt };
}

function pick(config: object, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, Reflect.get(config, name) as unknown]));
}
