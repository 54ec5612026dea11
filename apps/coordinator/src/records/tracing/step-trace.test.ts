import { NO_TIME } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import type { LeaseRecord } from '../../events.ts';
import type { ClosedRecord } from '../records.ts';
import { stepTrace } from './step-trace.ts';

const lease = (change: Partial<LeaseRecord>): LeaseRecord => ({
  lease: 1,
  worker: 'a',
  first: 0,
  count: 2,
  audit: false,
  grantedAt: 900,
  answeredAt: 950,
  end: 'accepted',
  ...change,
});

const record = (change: Partial<ClosedRecord> = {}): ClosedRecord => ({
  version: 7,
  samples: 64,
  averageFingerprint: '0'.repeat(32),
  history: [],
  leases: [],
  timings: { totalMs: 100, stages: { gather: 60, reduce: 10, broadcast: 25, optimizer: 5 } },
  account: { totalMs: 0, phases: NO_TIME, workers: [] },
  exact: true,
  ...change,
});

/** A second after 1970 is the thousandth millisecond of the clock. */
const clock = { now: 1000, wallTime: 2000 };
const times = (leases: LeaseRecord[]) =>
  stepTrace(record({ leases }), clock).children.map(({ name, start, end }) => [name, start, end]);

describe('the trace of a step', () => {
  it('has its leases, and what came after them', () => {
    const leases = [lease({}), lease({ lease: 2, worker: 'b', first: 2, grantedAt: 910, answeredAt: 960 })];
    expect(times(leases)).toEqual([
      ['lease', 1900, 1950],
      ['lease', 1910, 1960],
      ['reduce', 1960, 1970],
      ['broadcast', 1970, 1995],
      ['optimizer', 1995, 2000],
    ]);
  });

  it('begins with its first lease, which may have gone out while the step before was taken', () => {
    const { root } = stepTrace(record({ leases: [lease({ grantedAt: 880 })] }), clock);
    expect([root.start, root.end]).toEqual([1880, 2000]);
    expect(root.attributes).toEqual({
      'gradcast.step': 7,
      'gradcast.step.outcome': 'closed',
      'gradcast.step.images': 64,
      'gradcast.step.exact': true,
    });
  });

  it('says who had which micro-batches and what became of them', () => {
    const ends = ['expired', 'dropped', 'superseded', 'late', 'refuted'] as const;
    const leases = ends.map((end) => lease({ end, answeredAt: undefined }));
    const { children } = stepTrace(record({ leases }), clock);
    expect(children.slice(0, 5).map(({ error }) => error)).toEqual([
      'expired',
      'dropped',
      undefined,
      undefined,
      'refuted',
    ]);
    // What was not answered was waited for until the last leaf came.
    expect(children[0]).toMatchObject({ start: 1900, end: 1960 });
    expect(children[0].attributes).toEqual({
      'gradcast.step': 7,
      'gradcast.worker.name': 'a',
      'gradcast.lease.id': 1,
      'gradcast.lease.first': 0,
      'gradcast.lease.micro_batches': 2,
      'gradcast.lease.audit': false,
      'gradcast.lease.outcome': 'expired',
    });
  });

  it('of a step that was skipped says so', () => {
    const timings = { totalMs: 70, stages: { gather: 60, reduce: 10 } };
    const { root, children } = stepTrace(record({ averageFingerprint: null, timings }), clock);
    expect(root.attributes['gradcast.step.outcome']).toBe('skipped');
    expect(children.map(({ name }) => name)).toEqual(['reduce']);
  });
});
