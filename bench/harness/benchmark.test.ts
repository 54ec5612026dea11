import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { count } from './arguments.ts';
import { defineBenchmark, runBenchmark } from './benchmark.ts';
import { BenchmarkError } from './errors.ts';
import type { Harness } from './harness.ts';

let stdout = '';
let stderr = '';

beforeEach(() => {
  [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text, then?: unknown) => {
    stdout += text as string;
    (then as (() => void) | undefined)?.();
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += text as string;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

async function run(args: readonly string[], body: (harness: Harness, rounds: number) => Promise<object | undefined>) {
  const folder = await mkdtemp(join(tmpdir(), 'gradcast-harness-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const benchmark = defineBenchmark({
    name: 'sums',
    shows: 'How fast sums are.',
    lasts: 'a minute',
    words: {},
    flags: { rounds: count(3, 'rounds') },
    run: (harness, { rounds }) => body(harness, rounds),
  });
  const unused = () => Promise.reject(new Error('nobody asked for it'));
  return runBenchmark(benchmark, { root: folder, folder, build: unused, bundle: unused }, args);
}

const never = () => Promise.reject(new Error('it must not run'));

test('the report goes to stdout as JSON', async () => {
  expect(await run(['--rounds', '2'], (_, rounds) => Promise.resolve({ rounds }))).toBe(0);
  expect([JSON.parse(stdout), stderr]).toEqual([{ rounds: 2 }, '']);
});

test('help goes to stdout and runs nothing', async () => {
  expect(await run(['--help'], never)).toBe(0);
  expect(stdout).toContain('npm run bench:sums [-- [FLAGS]]\n\nHow fast sums are.\nTakes a minute.');
  expect(stdout).toContain('  --rounds N  rounds (3)\n');
});

test('a wrong command line is one sentence and exit code 2', async () => {
  expect(await run(['--rounds', '0'], never)).toBe(2);
  expect([stdout, stderr]).toEqual(['', '--rounds takes a whole number, 1 or more, not 0\n']);
});

test.each([1, 2] as const)('a failure is one sentence and its exit code %i', async (exitCode) => {
  expect(await run([], () => Promise.reject(new BenchmarkError('no Python', { exitCode })))).toBe(exitCode);
  expect([stdout, stderr]).toEqual(['', 'no Python\n']);
});

test('a defect is thrown on', async () => {
  await expect(run([], () => Promise.reject(new TypeError('a defect')))).rejects.toThrow('a defect');
});

test('its processes are gone when it has ended, however it ended', async () => {
  const started: { readonly pid: number }[] = [];
  const endless = async (harness: Harness) => {
    const args = ['-e', "console.log('up'); setInterval(() => {}, 1000)"];
    await new Promise<void>((resolve) => {
      const onLine = () => resolve();
      started.push(harness.startCommand({ name: 'endless', command: process.execPath, args, onLine }));
    });
    throw new BenchmarkError('given up');
  };
  expect(await run([], endless)).toBe(1);
  expect(() => process.kill(started[0].pid, 0)).toThrow('ESRCH');
});

test('a signal ends it with the code of the signal', async () => {
  const forever = () => {
    process.emit('SIGTERM');
    return new Promise<never>(() => undefined);
  };
  expect(await run([], forever)).toBe(143);
  expect([stdout, stderr]).toEqual(['', '']);
});
