/**
 * Steps as spans for an OpenTelemetry collector, with `--otlp`.
 *
 * Invariants: nothing waits for it but the end of the run, for a bounded time; what is handed to the thread and was not taken in yet
 * is bounded. A collector that cannot be reached is told once, what was dropped is counted, and training goes on.
 */
import { Worker } from 'node:worker_threads';
import { entryUrl } from '../../entry.ts';
import type { ClosedRecord } from '../records.ts';
import { stepTrace } from './step-trace.ts';
import type { SpanCounts } from './span-sender.ts';
import type { TracingReply, TracingRequest, TracingSettings } from './tracing-messages.ts';

/** What is needed of a `Worker` of `node:worker_threads`. */
export interface TracingThread {
  postMessage(request: TracingRequest): void;
  on(event: 'message', listener: (reply: TracingReply) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  terminate(): Promise<unknown>;
}

export interface TracingOptions {
  readonly settings: TracingSettings;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly count: (outcome: 'sent' | 'dropped', spans: number) => void;
  readonly notice: (sentence: string) => void;
  /** Another thread, in tests. */
  readonly thread?: TracingThread;
  /** How long the end of a run waits for the last spans. */
  readonly patienceMs?: number;
}

/** Steps that the thread may be behind. */
export const MOST_STEPS = 256;
const PATIENCE_MS = 5_000;

export class Tracing {
  readonly #options: TracingOptions;
  readonly #thread: TracingThread;
  #handed = 0;
  #counted: Pick<SpanCounts, 'sent' | 'dropped'> = { sent: 0, dropped: 0 };
  /** Dropped here, before the thread had them. */
  #left = 0;
  #failing = false;
  #isGone = false;
  #closed = () => {};

  constructor(options: TracingOptions) {
    this.#options = options;
    const { settings } = options;
    const start = () => new Worker(entryUrl('tracing-thread', import.meta.url), { workerData: settings });
    this.#thread = options.thread ?? start();
    this.#thread.on('message', (reply) => this.#hear(reply));
    this.#thread.on('error', (error) => this.#lose(error));
    this.#thread.on('exit', () => this.#lose('it ended'));
  }

  /** A step was applied or skipped, just now. */
  closed(record: ClosedRecord): void {
    const { now, wallClock, count } = this.#options;
    const clock = { now: now(), wallTime: wallClock() };
    if (this.#isGone || this.#handed >= MOST_STEPS) {
      const spans = 1 + stepTrace(record, clock).children.length;
      this.#left += spans;
      return count('dropped', spans);
    }
    this.#handed += 1;
    const { version, samples, leases, timings, averageFingerprint, exact } = record;
    const traced = { version, samples, leases, timings, averageFingerprint, exact };
    this.#thread.postMessage({ kind: 'step', record: traced, clock });
  }

  /** Sends what is left, within a bounded time. */
  async close(): Promise<void> {
    const { patienceMs = PATIENCE_MS, notice, settings } = this.#options;
    if (!this.#isGone) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#closed = resolve;
        timer = setTimeout(resolve, patienceMs);
        this.#thread.postMessage({ kind: 'close' });
      });
      clearTimeout(timer);
      this.#isGone = true;
      await this.#thread.terminate();
    }
    const dropped = this.#counted.dropped + this.#left;
    if (dropped > 0) notice(`${dropped} spans were not sent to ${settings.url}`);
  }

  #hear(reply: TracingReply): void {
    switch (reply.kind) {
      case 'taken':
        this.#handed -= 1;
        return;
      case 'closed':
        return this.#closed();
      case 'counts':
        return this.#count(reply.counts);
      default:
        reply satisfies never;
    }
  }

  #count({ failing, ...counts }: SpanCounts): void {
    const { count, notice, settings } = this.#options;
    for (const outcome of ['sent', 'dropped'] as const) count(outcome, counts[outcome] - this.#counted[outcome]);
    this.#counted = counts;
    if ((failing !== null) === this.#failing) return;
    this.#failing = failing !== null;
    const is = this.#failing ? `cannot be sent to ${settings.url} (${failing}); training goes on` : 'are sent again';
    notice(`spans ${is}`);
  }

  #lose(error: unknown): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#closed();
    const why = error instanceof Error ? error.message : String(error);
    this.#options.notice(`the thread that sends spans failed (${why}); no more are sent`);
  }
}
