import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { History, MOST_EVENTS } from './history.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const line = (record: object) => `${JSON.stringify(record)}\n`;
const saved = (seq: number) => ({ type: 'saved', seq, time: seq, step: seq, seconds: 1 });

it('has curves as they are, read on from where they were', async () => {
  const history = new History(folder);
  expect(await history.curves()).toEqual({});
  await writeFile(join(folder, 'metrics.jsonl'), line({ step: 1, time: 1, loss: 0.123456789 }));
  expect(await Promise.all([history.curves(), history.curves()])).toEqual([
    { loss: [[1], [0.123457]] },
    { loss: [[1], [0.123457]] },
  ]);
  await appendFile(join(folder, 'metrics.jsonl'), `${line({ step: 2, time: 1, loss: 2 })}{"step":3`);
  expect(await history.curves()).toEqual({
    loss: [
      [1, 2],
      [0.123457, 2],
    ],
  });
});

it('has events of file and memory once each, in order, and none that pass with every step', async () => {
  const history = new History(folder);
  const text = [saved(1), { type: 'step-closed', seq: 2, time: 2 }, saved(3)].map(line).join('');
  await writeFile(join(folder, 'events.jsonl'), text);
  const kept = [saved(3), { type: 'leased-again', seq: 4, time: 4 }, saved(5)];
  const events = await history.events(kept);
  expect(events.map(({ seq }) => seq)).toEqual([1, 3, 5]);
  expect(events[0].sentence).toBe('the checkpoint of step 1 was saved in 1.000 s');
});

it('has a bounded number of events, the newest', async () => {
  const events = await new History(folder).events(Array.from({ length: 1000 }, (_, i) => saved(i + 1)));
  expect([events.length, events.at(-1)?.seq]).toEqual([MOST_EVENTS, 1000]);
});
