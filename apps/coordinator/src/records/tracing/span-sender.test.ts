import { describe, expect, it } from 'vitest';
import { BATCH_SPANS, MOST_WAITING, SpanSender } from './span-sender.ts';
import type { Answer, SpanCounts } from './span-sender.ts';

const spans = (count: number) => Array.from({ length: count }, () => new Uint8Array(1));
const TAKEN: Answer = { kind: 'taken', rejected: 0 };

/** A collector that answers when it is told to, and a clock that goes when it is told to. */
function harness() {
  const asked: number[] = [];
  const answers: ((answer: Answer) => void)[] = [];
  const told: SpanCounts[] = [];
  let timers: { readonly ms: number; readonly callback: () => void }[] = [];
  const sender = new SpanSender({
    post: (batch) => {
      asked.push(batch.length);
      return new Promise((resolve) => answers.push(resolve));
    },
    after: (ms, callback) => {
      const timer = { ms, callback };
      timers.push(timer);
      return () => void (timers = timers.filter((each) => each !== timer));
    },
    told: (counts) => void told.push(counts),
  });
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const answer = async (given: Answer) => {
    answers.shift()?.(given);
    await settled();
  };
  /** Ends the only wait; @returns how long it was. */
  const pass = async () => {
    const [timer, ...others] = timers;
    expect(others).toEqual([]);
    timers = [];
    timer.callback();
    await settled();
    return timer.ms;
  };
  return { sender, asked, told, answer, settled, pass, waits: () => timers.length };
}

describe('spans', () => {
  it('are sent once a batch is full, or after a while', async () => {
    const { sender, asked, told, answer, pass, waits } = harness();
    sender.add(spans(3));
    sender.add(spans(2));
    expect([asked, waits()]).toEqual([[], 1]);
    expect(await pass()).toBe(5000);
    await answer(TAKEN);
    expect(told).toEqual([{ sent: 5, dropped: 0, failing: null }]);
    sender.add(spans(2 * BATCH_SPANS + 1));
    await answer(TAKEN);
    await answer({ kind: 'taken', rejected: 12 });
    await answer(TAKEN);
    expect(asked).toEqual([5, BATCH_SPANS, BATCH_SPANS, 1]);
    expect(told.at(-1)).toEqual({ sent: 2 * BATCH_SPANS - 6, dropped: 12, failing: null });
  });

  it('are sent again after a wait that grows, and as long as a collector asks within limits', async () => {
    const { sender, asked, told, answer, pass } = harness();
    sender.add(spans(BATCH_SPANS));
    const waits: number[] = [];
    for (const afterMs of [undefined, undefined, 10_000, 9e9, undefined, undefined, undefined]) {
      await answer({ kind: 'retry', why: 'HTTP 503', ...(afterMs && { afterMs }) });
      waits.push(await pass());
    }
    expect(waits).toEqual([1000, 2000, 10_000, 30_000, 16_000, 30_000, 30_000]);
    expect(told.at(-1)).toEqual({ sent: 0, dropped: 0, failing: 'HTTP 503' });
    await answer(TAKEN);
    expect(asked).toEqual(new Array<number>(8).fill(BATCH_SPANS));
    expect(told.at(-1)).toEqual({ sent: BATCH_SPANS, dropped: 0, failing: null });
  });

  it('are dropped beyond a bound, also while some are under way', async () => {
    const { sender, told, answer } = harness();
    sender.add(spans(BATCH_SPANS));
    await answer({ kind: 'retry', why: 'ECONNREFUSED' });
    for (let added = 0; added < MOST_WAITING; added += BATCH_SPANS) sender.add(spans(BATCH_SPANS));
    sender.add(spans(7));
    expect(told.at(-1)).toEqual({ sent: 0, dropped: BATCH_SPANS + 7, failing: 'ECONNREFUSED' });
  });

  it('that a collector does not want are dropped at once, and the next tried', async () => {
    const { sender, told, answer, waits } = harness();
    sender.add(spans(2 * BATCH_SPANS));
    await answer({ kind: 'refused', why: 'HTTP 401' });
    expect([told.at(-1)?.dropped, told.at(-1)?.failing, waits()]).toEqual([BATCH_SPANS, 'HTTP 401', 0]);
    await answer(TAKEN);
    expect(told.at(-1)).toEqual({ sent: BATCH_SPANS, dropped: BATCH_SPANS, failing: null });
  });

  it('are tried once more at the end, without a wait', async () => {
    const { sender, asked, told, answer, settled, waits } = harness();
    sender.add(spans(BATCH_SPANS + 1));
    await answer({ kind: 'retry', why: 'HTTP 503' });
    const closed = sender.close();
    await settled();
    await answer({ kind: 'retry', why: 'HTTP 503' });
    await answer({ kind: 'retry', why: 'HTTP 503' });
    await closed;
    expect([asked, waits()]).toEqual([[BATCH_SPANS, BATCH_SPANS, 1], 0]);
    expect(told.at(-1)).toEqual({ sent: 0, dropped: BATCH_SPANS + 1, failing: 'HTTP 503' });
  });

  it('that were never there are nothing to wait for', async () => {
    const { sender, asked } = harness();
    await sender.close();
    expect(asked).toEqual([]);
  });
});
