/**
 * Those who watch a run, and what they are told: each event as it happens, and a few times a second how things are.
 *
 * Invariants: whatever is told is made once, however many watch, and nothing is made while nobody does; who does not keep up is
 * dropped by its sink (`WAITING_BYTES` of `libs/metrics`), comes back, and is told all since the last event that it had, or that
 * some of them are only in the run's folder.
 */
import type { StreamSink } from '@gradcast/metrics';
import type { ViewClosed, ViewNow, ViewOpened } from '@gradcast/protocol';
import { eventSentence } from '@gradcast/watching';
import type { NumberedEvent } from '../events.ts';

/** Those who may watch at once. */
export const MOST_VIEWERS = 32;

/** How things are is told so often while they change, and so often while they do not. */
const CHANGING_MS = 250;
const SAME_MS = 1000;
/** Of what waits to be told with it: a step may take a millisecond. */
const MOST_NEWS = 1024;

/** What is told once, with how things are. */
export type News = Pick<ViewNow, 'closed' | 'lines'>;

export interface ViewersOptions {
  readonly stream: {
    readonly seq: number;
    read(reader: (event: NumberedEvent) => void): () => void;
    since(after: number): readonly NumberedEvent[];
    hasAllSince(after: number): boolean;
  };
  /** How things are, without the news. */
  readonly stand: () => Omit<ViewNow, keyof News>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class Viewers {
  readonly #options: ViewersOptions;
  readonly #sinks = new Set<StreamSink>();
  #endReading = () => {};
  #closed: ViewClosed[] = [];
  #lines: ViewNow['lines'][number][] = [];
  #toldAt = -Infinity;
  #told = '';

  constructor(options: ViewersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sinks.size;
  }

  get isFull(): boolean {
    return this.size >= MOST_VIEWERS;
  }

  /**
   * Somebody watches from now on.
   *
   * @param after number of the last event that it has; undefined for those to come alone.
   * @returns what ends that.
   */
  add(sink: StreamSink, after: number | undefined): () => void {
    const { stream } = this.#options;
    const opened: ViewOpened = { seq: stream.seq, gap: after !== undefined && !stream.hasAllSince(after) };
    sink.write(framed('opened', opened));
    if (after !== undefined && !opened.gap) for (const event of stream.since(after)) sink.write(happened(event));
    if (this.#sinks.size === 0) this.#begin();
    this.#sinks.add(sink);
    return () => {
      if (this.#sinks.delete(sink) && this.#sinks.size === 0) this.#end();
    };
  }

  /** A step closed. */
  closed(step: () => ViewClosed): void {
    if (this.size > 0) keep(this.#closed, step());
  }

  /** `metrics.jsonl` has a line more. */
  line(line: ViewNow['lines'][number]): void {
    if (this.size > 0) keep(this.#lines, line);
  }

  /** Keeps time; call it a few times a second. */
  tick(): void {
    const { now, stand } = this.#options;
    const waited = now() - this.#toldAt;
    if (this.size === 0 || waited < CHANGING_MS) return;
    const { time, ...rest } = stand();
    const things = JSON.stringify(rest);
    const hasNews = this.#closed.length + this.#lines.length > 0;
    if (things === this.#told && !hasNews && waited < SAME_MS) return;
    this.#told = things;
    this.#toldAt = now();
    this.#tell(framed('now', { time, ...rest, closed: this.#closed, lines: this.#lines } satisfies ViewNow));
    this.#forgetNews();
  }

  #begin(): void {
    this.#endReading = this.#options.stream.read((event) => this.#tell(happened(event)));
    this.#toldAt = -Infinity;
  }

  #end(): void {
    this.#endReading();
    this.#endReading = () => {};
    this.#forgetNews();
  }

  #forgetNews(): void {
    this.#closed = [];
    this.#lines = [];
  }

  #tell(text: string): void {
    for (const sink of this.#sinks) sink.write(text);
  }
}

function keep<T>(news: T[], one: T): void {
  news.push(one);
  if (news.length > MOST_NEWS) news.shift();
}

function happened(event: NumberedEvent): string {
  return `id: ${event.seq}\n${framed('happened', { ...event, sentence: eventSentence({ ...event }) })}`;
}

/** As a browser's EventSource reads it; JSON has no line breaks of its own. */
function framed(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
