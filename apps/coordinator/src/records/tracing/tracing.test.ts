import { NO_TIME } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import type { ClosedRecord } from '../records.ts';
import { MOST_STEPS, Tracing } from './tracing.ts';
import type { TracingReply, TracingRequest } from './tracing-messages.ts';

const record: ClosedRecord = {
  version: 1,
  samples: 4,
  averageFingerprint: null,
  history: [],
  leases: [],
  timings: { totalMs: 10, stages: { gather: 6, reduce: 4 } },
  account: { totalMs: 0, phases: NO_TIME, workers: [] },
  exact: true,
};

function harness() {
  const requests: TracingRequest[] = [];
  const notices: string[] = [];
  const counted = { sent: 0, dropped: 0 };
  const listeners = new Map<string, (value: unknown) => void>();
  const tracing = new Tracing({
    settings: { url: 'http://c/v1/traces', headers: {}, resource: {}, scope: { name: 'gradcast', version: '1' } },
    now: () => 20,
    wallClock: () => 1020,
    count: (outcome, spans) => void (counted[outcome] += spans),
    notice: (sentence) => void notices.push(sentence),
    thread: {
      postMessage: (request) => void requests.push(request),
      on: (event: string, listener: (value: never) => void) =>
        listeners.set(event, listener as (value: unknown) => void),
      terminate: () => Promise.resolve(),
    },
    patienceMs: 10,
  });
  const reply = (told: TracingReply) => listeners.get('message')?.(told);
  const counts = (sent: number, dropped: number, failing: string | null = null) =>
    reply({ kind: 'counts', counts: { sent, dropped, failing } });
  return {
    tracing,
    requests,
    notices,
    counted,
    reply,
    counts,
    fail: (why: string) => listeners.get('error')?.(new Error(why)),
  };
}

describe('tracing', () => {
  it('hands each step to its thread', () => {
    const { tracing, requests } = harness();
    tracing.closed(record);
    const { history, account, ...traced } = record;
    expect([history, account.workers]).toEqual([[], []]);
    expect(requests).toEqual([{ kind: 'step', record: traced, clock: { now: 20, wallTime: 1020 } }]);
  });

  it('tells once that a collector is away, once that it is back, and counts', async () => {
    const { tracing, notices, counted, reply, counts } = harness();
    counts(5, 0);
    counts(5, 0, 'ECONNREFUSED');
    counts(5, 3, 'HTTP 503');
    counts(9, 3);
    expect(notices).toEqual([
      'spans cannot be sent to http://c/v1/traces (ECONNREFUSED); training goes on',
      'spans are sent again',
    ]);
    expect(counted).toEqual({ sent: 9, dropped: 3 });
    const closed = tracing.close();
    reply({ kind: 'closed' });
    await closed;
    expect(notices.at(-1)).toBe('3 spans were not sent to http://c/v1/traces');
  });

  it('drops steps that its thread does not come to', () => {
    const { tracing, requests, counted, reply } = harness();
    for (let step = 0; step <= MOST_STEPS; step++) tracing.closed(record);
    expect([requests.length, counted.dropped]).toEqual([MOST_STEPS, 2]);
    reply({ kind: 'taken' });
    tracing.closed(record);
    expect(requests.length).toBe(MOST_STEPS + 1);
  });

  it('goes on without its thread', async () => {
    const { tracing, requests, notices, counted, fail } = harness();
    fail('no memory');
    fail('twice');
    tracing.closed(record);
    await tracing.close();
    expect([requests, counted.dropped]).toEqual([[], 2]);
    expect(notices).toEqual([
      'the thread that sends spans failed (no memory); no more are sent',
      '2 spans were not sent to http://c/v1/traces',
    ]);
  });

  it('does not wait for the last spans for ever', async () => {
    const { tracing, requests } = harness();
    await tracing.close();
    expect(requests).toEqual([{ kind: 'close' }]);
  });
});
