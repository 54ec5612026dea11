import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { heldColumn, MicroBatches } from '@gradcast/dataset';
import type { LeafRange } from '@gradcast/schedule';
import { fields } from '@gradcast/task';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtThread } from '../built-thread.ts';
import type { BatchReply, BatchRequest, BatchSettings } from './batch-messages.ts';
import { BatchesAhead } from './batches-ahead.ts';
import type { BatchThread } from './batches-ahead.ts';
import { drawBatches } from './draw-batches.ts';

const LEAVES = 4;
/** No multiple of a step's: epochs end within steps. */
const SAMPLES = 50;
const STEPS = 100;
const WHOLE: LeafRange = { first: 0, count: LEAVES };

function sharedBytes(length: number, value: (i: number) => number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  for (let i = 0; i < length; i++) bytes[i] = value(i);
  return bytes;
}

const settings: BatchSettings = {
  inputs: { values: sharedBytes(SAMPLES * 12, (i) => i * 31), shape: [2, 2, 3] },
  labels: { values: sharedBytes(SAMPLES, (i) => i % 10), shape: [] },
  fields: [
    fields.images('images', { shape: [2, 2, 3] }),
    fields.noise('penalty', { shape: [], distribution: 'uniform' }),
    fields.labels('labels', { classes: 10 }),
    fields.noise('noise', { shape: [5] }),
  ],
  shape: { microBatchSize: 3, microBatches: LEAVES },
  seed: 11,
};

const inputs = heldColumn(settings.inputs.values, settings.inputs.shape);
const reference = new MicroBatches({
  ...settings,
  dataset: { inputs, labels: heldColumn(settings.labels!.values, []), count: SAMPLES },
});

interface Harness {
  readonly from?: number;
  readonly to?: number;
}

/** Batches ahead of a thread that answers when it is told to. */
function harness({ from = 0, to = STEPS }: Harness = {}) {
  const asked: number[] = [];
  const drawn: BatchReply[] = [];
  const cutHere: number[] = [];
  const notices: string[] = [];
  const calls: string[] = [];
  const listeners = new Map<string, (value: unknown) => void>();
  const thread: BatchThread = {
    postMessage: ({ step }) => void asked.push(step),
    on: (event: string, listener: (value: never) => void) => listeners.set(event, listener as (value: unknown) => void),
    unref: () => void calls.push('unref'),
    terminate: () => Promise.resolve(calls.push('terminate')),
  };
  const ahead = new BatchesAhead({
    settings,
    steps: { from, to },
    cutter: {
      cut: (step, range) => {
        cutHere.push(step);
        return reference.cut(step, range);
      },
    },
    start: () => thread,
    notice: (sentence) => void notices.push(sentence),
  });
  return {
    ahead,
    asked,
    cutHere,
    notices,
    calls,
    answer: () => {
      const step = asked.shift();
      if (step === undefined) return;
      const reply = { step, fields: reference.cut(step, WHOLE) };
      drawn.push(reply);
      listeners.get('message')?.(reply);
    },
    /** Steps whose memory was not given back. */
    held: () => drawn.filter(({ fields: { images } }) => images.byteLength > 0).map(({ step }) => step),
    fail: (why: string) => listeners.get('error')?.(new Error(why)),
    exit: (code: number) => listeners.get('exit')?.(code),
  };
}

describe('batches ahead', () => {
  it('have the first step drawn at once, and the next as soon as one is leased', () => {
    const { ahead, asked, cutHere, answer, held } = harness({ from: 7 });
    expect(asked).toEqual([7]);
    answer();
    expect(asked).toEqual([]);
    for (let step = 7; step < 20; step++) {
      expect(ahead.cut(step, WHOLE)).toEqual(reference.cut(step, WHOLE));
      expect(asked).toEqual([step + 1]);
      answer();
      // What is leased late or once more, and the next.
      expect(held()).toEqual([step, step + 1]);
    }
    expect(cutHere).toEqual([]);
  });

  it('give views, one batch for all leases of a step', () => {
    const { ahead, answer } = harness();
    answer();
    const [first, second] = [ahead.cut(0, { first: 0, count: 1 }), ahead.cut(0, { first: 1, count: 3 })];
    for (const [name, { buffer }] of Object.entries(first)) expect(second[name].buffer).toBe(buffer);
  });

  it('wait for nothing: what has not come is cut, and what comes late serves who comes later', () => {
    const { ahead, asked, cutHere, answer, held } = harness();
    const ranges = [0, 2].map((first) => ({ first, count: 2 }));
    expect(ahead.cut(0, ranges[0])).toEqual(reference.cut(0, ranges[0]));
    expect([asked, cutHere]).toEqual([[0], [0]]);
    answer();
    expect(asked).toEqual([1]);
    expect(ahead.cut(0, ranges[1])).toEqual(reference.cut(0, ranges[1]));
    expect([cutHere, held()]).toEqual([[0], [0]]);
  });

  it('forget what comes when it is of no use any more', () => {
    const { ahead, asked, answer, held } = harness();
    for (const step of [0, 1, 2]) ahead.cut(step, WHOLE);
    expect(asked).toEqual([0]);
    answer();
    expect([asked, held()]).toEqual([[3], []]);
  });

  it('go on with the next step while leaves of the open one are leased once more', () => {
    const { ahead, asked, cutHere, answer, held } = harness();
    answer();
    for (const step of [0, 1]) {
      ahead.cut(step, WHOLE);
      answer();
    }
    expect(held()).toEqual([1, 2]);
    expect(ahead.cut(0, { first: 2, count: 1 })).toEqual(reference.cut(0, { first: 2, count: 1 }));
    expect([asked, cutHere, held()]).toEqual([[], [0], [1, 2]]);
  });

  it('turn to whatever version is leased', () => {
    const { ahead, asked, cutHere, answer, held } = harness();
    answer();
    ahead.cut(0, WHOLE);
    answer();
    for (const step of [40, 3]) {
      expect(ahead.cut(step, WHOLE)).toEqual(reference.cut(step, WHOLE));
      expect([asked, held()]).toEqual([[step + 1], []]);
      answer();
      expect(held()).toEqual([step + 1]);
    }
    expect(cutHere).toEqual([40, 3]);
  });

  it('end with the last step', () => {
    const { ahead, asked, answer } = harness({ from: 5, to: 7 });
    answer();
    ahead.cut(5, WHOLE);
    answer();
    ahead.cut(6, WHOLE);
    expect(asked).toEqual([]);
    expect(harness({ from: 7, to: 7 }).asked).toEqual([]);
  });

  it('of a thread that died are told once, and cut here from then on', async () => {
    const { ahead, asked, cutHere, notices, calls, answer, fail, exit } = harness();
    answer();
    ahead.cut(0, WHOLE);
    fail('out of memory');
    exit(1);
    const why = 'the thread that draws batches ahead failed (out of memory); they are drawn as they are leased';
    expect(notices).toEqual([why]);
    asked.length = 0;
    // What it had drawn is as good as ever.
    for (const step of [0, 1, 2]) expect(ahead.cut(step, WHOLE)).toEqual(reference.cut(step, WHOLE));
    expect([asked, cutHere]).toEqual([[], [1, 2]]);
    await ahead.close();
    expect([notices, calls]).toEqual([[why], ['unref']]);
  });

  it('of a thread that ended, or that could not be started, are told as well', () => {
    const ended = harness();
    ended.exit(3);
    expect(ended.notices).toEqual([expect.stringContaining('(it ended with exit code 3)')]);
    const notices: string[] = [];
    const ahead = new BatchesAhead({
      settings,
      steps: { from: 0, to: STEPS },
      cutter: reference,
      start: () => {
        throw new Error('no more threads');
      },
      notice: (sentence) => void notices.push(sentence),
    });
    expect(notices).toEqual([expect.stringContaining('(no more threads)')]);
    expect(ahead.cut(4, WHOLE)).toEqual(reference.cut(4, WHOLE));
  });

  it('keep no process alive and leave nothing behind', async () => {
    const { ahead, notices, calls, answer, exit, held } = harness();
    answer();
    ahead.cut(0, WHOLE);
    const closing = ahead.close();
    // Was under way.
    answer();
    exit(1);
    await closing;
    expect([calls, notices, held()]).toEqual([['unref', 'terminate'], [], []]);
    expect(ahead.cut(1, WHOLE)).toEqual(reference.cut(1, WHOLE));
  });

  it('have the bits of what is cut here, whatever is leased and whenever something comes, two steps at a time', () => {
    const lease = fc.record({
      // Mostly on, sometimes once more, sometimes elsewhere.
      by: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0, 1) }, fc.integer({ min: -3, max: 5 })),
      first: fc.nat({ max: LEAVES - 1 }),
      count: fc.integer({ min: 1, max: LEAVES }),
    });
    const acts = fc.array(fc.oneof(lease, fc.constant('answer' as const)), { maxLength: 40 });
    fc.assert(
      fc.property(acts, (each) => {
        const { ahead, asked, answer, held } = harness();
        let step = 0;
        for (const act of each) {
          if (act === 'answer') answer();
          else {
            step = Math.max(0, step + act.by);
            const range = { first: act.first, count: Math.min(act.count, LEAVES - act.first) };
            expect(ahead.cut(step, range)).toEqual(reference.cut(step, range));
          }
          expect(asked.length).toBeLessThanOrEqual(1);
          expect(held().length + asked.length).toBeLessThanOrEqual(2);
        }
      }),
    );
  });
});

/** Cuts three steps as they come from a thread, and nothing here. */
async function threeStepsOf(start: () => BatchThread, cameBack: () => Promise<unknown>): Promise<void> {
  const nobody = {
    cut: () => {
      throw new Error('cut here');
    },
  };
  const notices: string[] = [];
  const notice = (sentence: string) => void notices.push(sentence);
  const ahead = new BatchesAhead({ settings, steps: { from: 3, to: STEPS }, cutter: nobody, start, notice });
  try {
    for (const step of [3, 4, 5]) {
      await cameBack();
      expect(ahead.cut(step, { first: 1, count: 2 })).toEqual(reference.cut(step, { first: 1, count: 2 }));
    }
  } finally {
    await ahead.close();
  }
  expect(notices).toEqual([]);
}

describe('what draws batches', () => {
  it('hands its memory over', async () => {
    const { port1, port2 } = new MessageChannel();
    const handed: ArrayBuffer[] = [];
    drawBatches(
      {
        on: (_, listener) => port2.on('message', (request: BatchRequest) => listener(request)),
        postMessage: (reply, transfer) => {
          handed.push(...transfer);
          port2.postMessage(reply, transfer);
        },
      },
      settings,
    );
    const thread = Object.assign(port1, {
      terminate: () => {
        port1.close();
        return Promise.resolve();
      },
    });
    await threeStepsOf(
      () => thread,
      () => once(port1, 'message'),
    );
    expect(handed.length).toBeGreaterThanOrEqual(3 * settings.fields.length);
    expect(handed.every(({ byteLength }) => byteLength === 0)).toBe(true);
  });

  it('does so in a thread of its own, out of the memory of this one', async () => {
    const worker = await builtThread(new URL('batch-thread.ts', import.meta.url), settings);
    await threeStepsOf(
      () => worker,
      () => once(worker, 'message'),
    );
    expect(worker.threadId).toBe(-1);
  });
});
