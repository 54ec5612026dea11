import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from './problem.ts';
import { resolveCoordinator, resolveTrain } from './resolve.ts';

const folder = mkdtempSync(join(tmpdir(), 'gradcast-steering-'));
afterAll(() => rmSync(folder, { recursive: true }));

const machine = { environment: {}, cores: 2, hostname: 'h' };
const secret = 'x'.repeat(16);

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const operators = file('operators', `oz operator ${secret}\n`);
const others = file('others', `ann viewer ${secret}\nw worker ${secret}2\n`);

function problems(flags: string, resolve: typeof resolveTrain | typeof resolveCoordinator = resolveTrain) {
  try {
    resolve(flags.split(' '), machine);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
const codes = (flags: string) => problems(flags).map(({ code }) => code);

describe('steering from the page', () => {
  it('is off unless it is asked for, by a flag or a file', () => {
    const steers = (...flags: string[]) => resolveTrain(flags, machine).coordinator.steer;
    expect([steers(), steers('--steer'), steers('--token-file', operators)]).toEqual([false, true, false]);
    expect(resolveCoordinator(['--config', file('run.yaml', 'steer: true\n')], machine).coordinator.steer).toBe(true);
  });

  it('needs no operator where nobody but this machine has the page', () => {
    for (const flags of ['--steer', '--steer --host ::1', '--steer --join', `--steer --token-file ${others}`]) {
      expect(codes(flags)).toEqual([]);
    }
  });

  it.each([
    `--steer --host 0.0.0.0 --token-file ${others}`,
    '--steer --trusted-proxies 127.0.0.1',
    '--steer --join --join-url https://x.example',
    `--steer --host 0.0.0.0 --join --token-file ${others}`,
  ])('needs one with %s', (flags) => {
    expect(codes(flags)).toEqual(['steer-operator']);
    const allowed = `${flags.replace(/ --token-file \S+/, '')} --token-file ${operators}`;
    expect(codes(allowed)).toEqual([]);
  });

  it('says what is missing in a sentence', () => {
    expect(problems(`--steer --host 0.0.0.0 --token-file ${others}`, resolveCoordinator)).toEqual([
      {
        code: 'steer-operator',
        sentence:
          '--steer beyond this machine (--host "0.0.0.0") needs an operator: a line NAME operator SECRET in --token-file',
      },
    ]);
    expect(problems('--steer --trusted-proxies 10.0.0.1')[0].sentence).toMatch(/^--steer behind a proxy needs/);
  });

  it('is no matter where the page is left out, and is not guessed at where the tokens cannot be read', () => {
    expect(codes('--steer --no-page')).toEqual(['steer-page']);
    expect(codes(`--steer --host 0.0.0.0 --token-file ${join(folder, 'none')}`)).toEqual(['token-file']);
  });
});
