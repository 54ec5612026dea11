/**
 * A closed step as a trace. Its root begins with its first lease and ends when the coordinator has taken the step; leases and the
 * stages after them are its children. Names of attributes are OpenTelemetry's where it has one, else begin with `gradcast.`
 * (opentelemetry.io/docs/specs/semconv/general/naming).
 */
import type { LeaseEnd, LeaseRecord } from '../../events.ts';
import { STAGES } from '../records.ts';
import type { ClosedRecord } from '../records.ts';
import type { Span, Trace } from './span.ts';

/** Ends of leases that kept a step from closing, or a result from being used. */
const ERRORS: ReadonlySet<LeaseEnd> = new Set(['expired', 'dropped', 'suspect', 'refuted']);

export interface StepClock {
  /** Monotonic milliseconds when the step ended. */
  readonly now: number;
  /** The same moment in milliseconds since 1970. */
  readonly wallTime: number;
}

/** What is needed of a closed step. */
export type TracedStep = Pick<
  ClosedRecord,
  'version' | 'samples' | 'leases' | 'timings' | 'averageFingerprint' | 'exact'
>;

export function stepTrace(record: TracedStep, { now, wallTime }: StepClock): Trace {
  const { version, samples, leases, timings, averageFingerprint } = record;
  const wall = (at: number) => wallTime + (at - now);
  const began = now - timings.totalMs;
  const { lease = 0, gather } = timings.stages;
  const computed = gather === undefined ? now : began + lease + gather;
  const start = Math.min(began, ...leases.map(({ grantedAt }) => grantedAt));
  const root: Span = {
    name: 'step',
    start: wall(start),
    end: wallTime,
    attributes: {
      'gradcast.step': version,
      'gradcast.step.outcome': averageFingerprint === null ? 'skipped' : 'closed',
      'gradcast.step.images': samples,
      'gradcast.step.exact': record.exact,
    },
  };
  const ofLease = (lease: LeaseRecord): Span => {
    const { grantedAt, answeredAt = computed, end } = lease;
    return {
      name: 'lease',
      start: wall(grantedAt),
      end: wall(Math.max(grantedAt, answeredAt)),
      attributes: {
        'gradcast.step': version,
        'gradcast.worker.name': lease.worker,
        'gradcast.lease.id': lease.lease,
        'gradcast.lease.first': lease.first,
        'gradcast.lease.micro_batches': lease.count,
        'gradcast.lease.audit': lease.audit,
        'gradcast.lease.outcome': end,
      },
      ...(ERRORS.has(end) && { error: end }),
    };
  };
  return { root, children: [...leases.map(ofLease), ...stagesOf(record, { computed, wall })] };
}

/** What the coordinator did once all leaves had come. */
function stagesOf(
  { version, timings: { stages } }: TracedStep,
  { computed, wall }: { readonly computed: number; readonly wall: (at: number) => number },
): Span[] {
  let at = computed;
  return STAGES.flatMap((name) => {
    const ms = stages[name];
    if (name === 'lease' || name === 'gather' || ms === undefined) return [];
    const start = at;
    at += ms;
    return { name, start: wall(start), end: wall(at), attributes: { 'gradcast.step': version } };
  });
}
