import { appendFile, mkdtemp, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runEvents } from './events.ts';
import type { EventsRequest } from './events.ts';
import { beat, closed, fakeRun, HELD, joined, linesOf, numbered, RELEASED, state, watching } from './for-tests.ts';

let folder: string;
let run: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  run = join(folder, 'run');
});
afterEach(() => rm(folder, { recursive: true }));

const file = () => join(run, 'events.jsonl');
const request = (more: Partial<EventsRequest> = {}): EventsRequest => ({
  run,
  follow: false,
  since: 1,
  types: null,
  json: false,
  ...more,
});
const seqs = (out: string) =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { seq: number }).seq);

describe('gradcast events', () => {
  it('prints time, number and sentence of each event', async () => {
    await fakeRun(run, { events: [joined('a'), closed(1), state('completed')] });
    const { said, around } = watching();
    expect(await runEvents(request(), around)).toBe(0);
    expect(said.out.split('\n')).toEqual([
      '2026-11-18 11:06:40      1  worker a joined (wasm on cpu)',
      '2026-11-18 11:06:41      2  step 1 closed in 0.500 s',
      '2026-11-18 11:06:42      3  the run has completed',
      '',
    ]);
  });

  it('begins where it is told, with the types that it is told, and leaves out what is damaged with a word', async () => {
    await fakeRun(run, { events: [joined('a'), closed(1), closed(2), joined('b')] });
    await appendFile(file(), 'no event\n[]\n{"type":"joined","seq":9,"ti');
    const { said, around } = watching();
    await runEvents(request({ since: 2, types: ['joined'], json: true }), around);
    expect(seqs(said.out)).toEqual([4]);
    expect(said.err).toBe(`gradcast: ${file()} has lines that are damaged; they are left out\n`);
  });

  it('refuses a folder that is no run', async () => {
    await expect(runEvents(request(), watching().around)).rejects.toMatchObject({ code: 'run-missing' });
  });
});

describe('gradcast events --follow', () => {
  it('ends by itself with a run that is over', async () => {
    await fakeRun(run, { events: [closed(1), state('stopped')], lock: RELEASED });
    const { said, around } = watching();
    expect(await runEvents(request({ follow: true, json: true }), around)).toBe(0);
    expect(seqs(said.out)).toEqual([1, 2]);
  });

  /** Does one thing after the other, each when nothing new has been there for a moment, and then lets the run be over. */
  async function follow(...acts: readonly (() => Promise<void>)[]) {
    const rest = [...acts];
    const { said, around } = watching({
      clock: {
        now: () => Date.now(),
        pause: () => rest.shift()?.() ?? fakeRun(run, { lock: RELEASED }).then(() => undefined),
      },
    });
    await runEvents(request({ follow: true, json: true }), around);
    return { seqs: seqs(said.out), said };
  }

  it('gives each event once: of a file that is made later, a line that is not finished, one that is cut off', async () => {
    await fakeRun(run, { lock: HELD });
    await beat(run);
    const [one, two] = numbered([closed(1), closed(2)]).map((event) => JSON.stringify(event));
    const found = await follow(
      () => writeFile(file(), `${one}\n${two.slice(0, 20)}`),
      () => appendFile(file(), two.slice(20)),
      () => appendFile(file(), '\n{"type":"clo'),
      async () => {
        const { size } = await stat(file());
        await truncate(file(), size - 12);
        await appendFile(file(), linesOf(numbered([closed(3)], 2)));
      },
    );
    expect(found.seqs).toEqual([1, 2, 3]);
  });

  it('goes on with a file that takes the place of another', async () => {
    await fakeRun(run, { events: [closed(1), closed(2)], lock: HELD });
    await beat(run);
    const found = await follow(async () => {
      await writeFile(`${file()}.copy`, linesOf(numbered([closed(1), closed(2), closed(3)])));
      await rename(`${file()}.copy`, file());
    });
    expect(found.seqs).toEqual([1, 2, 3]);
  });

  it('waits for a killed run to be resumed, says so once, and goes on with it', async () => {
    await fakeRun(run, { events: [closed(1)], lock: HELD });
    const found = await follow(
      () => Promise.resolve(),
      () => Promise.resolve(),
      () => beat(run),
      () => appendFile(file(), linesOf(numbered([joined('a'), state('completed')], 1))),
    );
    expect(found.seqs).toEqual([1, 2, 3]);
    expect(found.said.err).toBe(
      'gradcast: the coordinator of the run was killed; its events go on when it is resumed\n',
    );
  });

  it('does not take the end of an earlier start for that of the run', async () => {
    await fakeRun(run, { events: [closed(1), state('stopped')], lock: HELD });
    await beat(run);
    const found = await follow(() => appendFile(file(), linesOf(numbered([closed(2), state('completed')], 2))));
    expect(found.seqs).toEqual([1, 2, 3, 4]);
  });

  it('ends when it is told to, and when nobody reads any more', async () => {
    await fakeRun(run, { events: [closed(1)], lock: HELD });
    await beat(run);
    const stop = new AbortController();
    const pause = () => Promise.resolve(stop.abort());
    const told = watching({ signal: stop.signal, clock: { now: () => Date.now(), pause } });
    expect(await runEvents(request({ follow: true }), told.around)).toBe(0);
    const unread = watching({ terminal: { destroyed: true } });
    expect(await runEvents(request({ follow: true }), unread.around)).toBe(0);
  });
});
