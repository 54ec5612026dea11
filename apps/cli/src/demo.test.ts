import type { ChildMessage, CoordinatorConfig, Machine, Summary } from '@gradcast/config';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ChildExit, StartChild } from './child.ts';
import { runDemo } from './demo.ts';
import { Reporter } from './reporter.ts';

const runFolder = mkdtempSync(join(tmpdir(), 'gradcast-demo-'));
afterAll(() => rmSync(runFolder, { recursive: true }));

const machine: Machine = { environment: {}, cores: 2, hostname: 'h' };

/** Processes that finish at once, 10 seconds later by the clock, at 640 images/s. */
function setUp(exitCode = 0) {
  const clock = { ms: 0 };
  const said = { out: '', err: '' };
  const told: CoordinatorConfig[] = [];
  const doctored: unknown[] = [];
  const start: StartChild = ({ first, onMessage }) => {
    if (first.type !== 'coordinate')
      return { stop: () => undefined, tell: () => undefined, kill: () => undefined, ended: Promise.resolve(exit) };
    told.push(first.config);
    clock.ms += 10_000;
    const samples = 'runs/r/samples/last.png';
    const summary = { imagesPerSecond: 640, globalBatch: 128, runFolder, samples, scores: null, seconds: 1 } as Summary;
    const message: ChildMessage = { type: 'finished', exitCode, summary };
    const ended = Promise.resolve().then((): ChildExit => {
      onMessage(message);
      return { code: exitCode, signal: null };
    });
    return { stop: () => undefined, tell: () => undefined, kill: () => undefined, ended };
  };
  const exit: ChildExit = { code: 0, signal: null };
  const run = (args: readonly string[], health = 0) =>
    runDemo(args, machine, {
      tools: {
        doctor: () =>
          Promise.resolve((flags) => {
            doctored.push(flags);
            return Promise.resolve(health);
          }),
        sample: () => Promise.reject(new Error('not part of the demo')),
        interpolate: () => Promise.reject(new Error('not part of the demo')),
        animate: () => Promise.reject(new Error('not part of the demo')),
        export: () => Promise.reject(new Error('not part of the demo')),
        evaluate: () => Promise.reject(new Error('not part of the demo')),
        operate: () => Promise.reject(new Error('not part of the demo')),
        join: () => Promise.reject(new Error('not part of the demo')),
        verify: () => Promise.reject(new Error('not part of the demo')),
        replay: () => Promise.reject(new Error('not part of the demo')),
        watch: () => Promise.reject(new Error('not part of the demo')),
        ownTask: () => Promise.reject(new Error('not part of the demo')),
      },
      now: () => clock.ms,
      secret: () => 's',
      surroundings: ({ json, progress }, logInterval) => ({
        start,
        now: () => clock.ms,
        delay: () => () => undefined,
        onSignal: () => () => undefined,
        reporter: new Reporter({
          stdout: { write: (text) => (said.out += text) },
          stderr: { write: (text) => (said.err += text) },
          now: () => clock.ms,
          json,
          progress,
          logInterval,
        }),
      }),
    });
  return { run, told, said, doctored };
}

describe('runDemo', () => {
  it('installs, times 20 steps, goes on with the same run for the time that is left, and shows the grid', async () => {
    const { run, told, said, doctored } = setUp();
    expect(await run([])).toBe(0);
    expect(doctored).toEqual([{ install: true, yes: false, json: false, backend: 'auto' }]);
    expect(told.map(({ preset, length, resume }) => [preset, length, resume])).toEqual([
      ['mnist', { steps: 20 }, null],
      // 10 s spent, of which 4 s were training: 120 - 10 - 6 = 104 s at 5 steps/s
      ['mnist', { steps: 540 }, runFolder],
    ]);
    expect(said.out).toContain('ran at 640 images/s: 540 steps');
    expect(said.out).toContain('Generated digits: runs/r/samples/last.png');
    expect(said.out).toMatch(/In a browser: {5}npx gradcast train --resume \S+ --steps \d+ --open\n$/);
  });

  it('takes the backend it is told and installs nothing for wasm', async () => {
    const { run, told, doctored } = setUp();
    await run(['--backend', 'wasm', '--seconds', '1', '--out', 'elsewhere']);
    expect(doctored).toMatchObject([{ install: false, backend: 'wasm' }]);
    expect(told.map(({ backend, out, length }) => [backend, out, length])).toEqual([
      ['wasm', 'elsewhere', { steps: 20 }],
      ['wasm', 'elsewhere', { steps: 50 }],
    ]);
  });

  it('ends with what went wrong', async () => {
    const sick = setUp();
    expect(await sick.run([], 1)).toBe(1);
    expect(sick.told).toEqual([]);
    const stopped = setUp(130);
    expect(await stopped.run([])).toBe(130);
    expect(stopped.told).toHaveLength(1);
  });
});
