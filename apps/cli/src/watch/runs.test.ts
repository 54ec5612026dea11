import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beat, closed, fakeRun, HELD, RELEASED, state, watching } from './for-tests.ts';
import type { FakeRun } from './for-tests.ts';
import { runRuns } from './runs.ts';
import type { RunRow } from './runs.ts';

let out: string;
let server: Server | undefined;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(out, { recursive: true });
});

const nameOf = (second: number) => `20261118-1106${String(second).padStart(2, '0')}-mnist-0abc`;

async function list(json: boolean, folder = out) {
  const { said, around } = watching();
  expect(await runRuns({ folder, isNamed: true, json }, around)).toBe(0);
  return said;
}

async function rowOf(run: FakeRun): Promise<RunRow & { type: string; damage?: string }> {
  await fakeRun(join(out, nameOf(1)), run);
  return JSON.parse((await list(true)).out) as RunRow & { type: string };
}

describe('gradcast runs', () => {
  it('lists runs, newest first, with what they came to', async () => {
    const summary = {
      status: 'completed',
      steps: 20,
      targetSteps: 20,
      imagesPerSecond: 812.4,
      quality: null,
      scores: null,
    };
    await fakeRun(join(out, nameOf(1)), {
      summary: { ...summary, quality: { step: 20, frechet: 12.34 } },
      lock: RELEASED,
    });
    await fakeRun(join(out, nameOf(2)), {
      summary: { ...summary, status: 'stopped', steps: 7, imagesPerSecond: 3.14, scores: { accuracy: 0.971 } },
      lock: RELEASED,
    });
    const { out: text, err } = await list(false);
    expect(text.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      'run task state step images/s score began (UTC) size',
      expect.stringContaining(`${nameOf(2)} mnist stopped 7 of 20 3.1 97.10 % right 2026-11-18 11:06 `),
      expect.stringContaining(`${nameOf(1)} mnist completed 20 of 20 812 Fréchet 12.3 2026-11-18 11:06 `),
      '',
    ]);
    expect(err).toBe('');
  });

  it('tells of each damaged folder in a sentence, and lists the others', async () => {
    await mkdir(join(out, nameOf(1)));
    await fakeRun(join(out, nameOf(2)), { config: '{"preset":' });
    await fakeRun(join(out, nameOf(3)), { summary: '[1' });
    await fakeRun(join(out, nameOf(4)), { config: `"${'x'.repeat(2 ** 20)}"` });
    await fakeRun(join(out, nameOf(5)), { lock: RELEASED });
    await writeFile(join(out, 'notes.txt'), 'no run');
    const { out: text, err } = await list(false);
    expect(text.trim().split('\n')).toHaveLength(2);
    expect(err.trim().split('\n')).toEqual([
      `gradcast: ${join(out, nameOf(4), 'config.json')} is damaged: it is too long`,
      `gradcast: ${join(out, nameOf(3), 'summary.json')} is damaged`,
      `gradcast: ${join(out, nameOf(2), 'config.json')} is damaged`,
      `gradcast: there is no run in ${join(out, nameOf(1))}`,
    ]);
  });

  it('knows a run that was killed, with the step that it had come to', async () => {
    const row = await rowOf({
      events: [state('running', 'waiting-for-workers'), closed(1), closed(2)],
      metrics: [{ step: 1, images_per_second: 12.5 }],
      lock: HELD,
    });
    expect(row).toMatchObject({
      type: 'run',
      task: 'mnist',
      state: 'killed',
      step: 2,
      steps: 20,
      imagesPerSecond: 12.5,
    });
  });

  it('knows a run that goes on elsewhere by its heart, and by its events in what state it is', async () => {
    const path = join(out, nameOf(1));
    await fakeRun(path, { events: [state('paused')], lock: HELD });
    await beat(path);
    expect(JSON.parse((await list(true)).out)).toMatchObject({ state: 'paused' });
  });

  it('takes the word of a coordinator that answers', async () => {
    const path = join(out, nameOf(1));
    await fakeRun(path, { events: [state('running')], lock: HELD });
    await beat(path);
    const socket = join(out, 's');
    const answer = { state: 'running', pausing: true, step: 4, steps: 99, seq: 1, minWorkers: 1, workers: [] };
    server = createServer((_request, response) => response.end(JSON.stringify(answer)));
    await new Promise<void>((resolve) => server!.listen(socket, resolve));
    await symlink(socket, join(path, 'control'));
    expect(JSON.parse((await list(true)).out)).toMatchObject({ state: 'pausing', steps: 99 });
  });

  it('finds the last state and score behind tens of thousands of lines, and reads the end of the file alone', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => closed(i + 1));
    const evaluated = { type: 'evaluated', step: 10, frechet: 33 };
    const row = await rowOf({ events: [state('failed'), evaluated, ...many], lock: RELEASED });
    expect(row).toMatchObject({ state: 'failed', step: 5000, score: { name: 'frechet', value: 33, step: 10 } });
  });

  it('lists one run by its own folder, no run in an empty one, and refuses one that is not there', async () => {
    expect((await list(false)).out).toBe(`there are no runs in ${out}\n`);
    const path = await fakeRun(join(out, nameOf(1)), { lock: RELEASED });
    expect((await list(true, path)).out).toContain('"type":"run"');
    const missing = { folder: join(out, 'nowhere'), isNamed: true, json: false };
    await expect(runRuns(missing, watching().around)).rejects.toMatchObject({ code: 'run-missing' });
  });
});
