import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stillRunning } from './processes.ts';
import { Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.remove());

describe('a gradcast process', () => {
  it('gives its output and its exit code', async () => {
    const { stdout, ...rest } = await bench.run('--version');
    expect(rest).toEqual({ code: 0, signal: null, stderr: '' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await bench.run(['no such command'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('is waited for until it says what it should, and no longer than until its end', async () => {
    const refused = bench.start('nothing');
    expect(await refused.said(/unknown-command/)).toMatch(/^gradcast: there is no command .nothing./);
    await expect(refused.event('summary')).rejects.toThrow(/^ended \(2\) before the event summary: gradcast nothing/);
  });

  it('is not waited for longer than allowed, and shows what it said', async () => {
    const silent = bench.start('--help');
    await silent.ended();
    const waiting = bench.start('worker --coordinator ws://127.0.0.1:1 --backend wasm');
    await expect(waiting.step(1, 0.01)).rejects.toThrow(/^waited 0.01 s in vain for step 1: gradcast worker/);
  });

  it('leaves nothing when its bench is removed', async () => {
    const waiting = bench.start('worker --coordinator ws://127.0.0.1:1 --backend wasm');
    await waiting.said(/trying again/);
    expect(waiting.children.map(({ command }) => command)).toEqual([expect.stringContaining('worker.mjs')]);
    const { pid } = waiting.child('worker');
    await bench.remove();
    expect(stillRunning([pid])).toEqual([]);
    expect(existsSync(bench.folder)).toBe(false);
  });
});
