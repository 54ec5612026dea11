/**
 * What comes from the coordinator: a snapshot, then a stream of events; and again after every break, for as long as the page is
 * open. Browser, network and clock are arguments.
 *
 * Invariants: every event of the run from the first snapshot on is given once, or how many are lost is told; whoever hears
 * nothing for a while is told so; while nobody looks there is no connection.
 */
import type { ViewEvent, ViewNow, ViewOpened, ViewSnapshot } from '@gradcast/protocol';

export type Link = 'connecting' | 'live' | 'lost' | 'token';

export interface FeedListener {
  snapshot(snapshot: ViewSnapshot): void;
  event(event: ViewEvent): void;
  now(now: ViewNow): void;
  /** So many events are only in the run's folder. */
  gap(events: number): void;
  link(link: Link): void;
}

/** As much of an EventSource as is used. */
export interface Source {
  addEventListener(type: string, listener: (message: { readonly data?: unknown }) => void): void;
  close(): void;
}

export interface FeedOptions {
  readonly listener: FeedListener;
  /** @returns status, and the body of a good answer. */
  readonly ask: (path: string) => Promise<{ readonly status: number; readonly body: unknown }>;
  readonly open: (path: string) => Source;
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** Something is said every second. */
const SILENCE_MS = 5000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 4000;

export class Feed {
  readonly #options: FeedOptions;
  #source: Source | undefined;
  #last: number | undefined;
  #run: string | undefined;
  #retryMs = FIRST_RETRY_MS;
  #cancel = () => {};
  /** Which attempt is under way: what comes of others is too late. */
  #attempt = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Connects, also where it waits to. */
  start(): void {
    this.#leave();
    this.#options.listener.link(this.#last === undefined ? 'connecting' : 'lost');
    void this.#connect(++this.#attempt);
  }

  /** Nobody looks: nothing is listened to until {@link start}. */
  rest(): void {
    this.#leave();
    this.#attempt++;
  }

  async #connect(attempt: number): Promise<void> {
    const { ask, listener } = this.#options;
    const { status, body } = await ask('view/snapshot').catch(() => ({ status: 0, body: undefined }));
    if (attempt !== this.#attempt) return;
    if (status === 401) return listener.link('token');
    if (status !== 200) return this.#retry();
    const snapshot = body as ViewSnapshot;
    // Another run at this address: nothing of the one before is gone on with.
    if (this.#run !== undefined && this.#run !== snapshot.run.id) this.#last = undefined;
    this.#run = snapshot.run.id;
    const isFirst = this.#last === undefined;
    listener.snapshot(snapshot);
    if (isFirst) this.#last = snapshot.seq;
    this.#listen(attempt);
  }

  #listen(attempt: number): void {
    const { open } = this.#options;
    const source = (this.#source = open(`view/events?after=${this.#last}`));
    const on = (type: string, take: (data: unknown) => void) =>
      source.addEventListener(type, ({ data }) => {
        if (attempt !== this.#attempt) return;
        this.#heard();
        take(JSON.parse(String(data)));
      });
    on('opened', (data) => this.#opened(data as ViewOpened));
    on('happened', (data) => this.#happened(data as ViewEvent));
    on('now', (data) => this.#options.listener.now(data as ViewNow));
    source.addEventListener('error', () => {
      if (attempt === this.#attempt) this.#retry();
    });
    this.#heard();
  }

  #opened({ seq, gap }: ViewOpened): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#options.listener.link('live');
    if (!gap) return;
    // What is lost lies before the snapshot that was just taken, but for what happened since: both are in the run's folder.
    this.#options.listener.gap(Math.max(0, seq - this.#last!));
    this.#last = seq;
  }

  #happened(event: ViewEvent): void {
    const expected = this.#last! + 1;
    if (event.seq < expected) return;
    if (event.seq > expected) this.#options.listener.gap(event.seq - expected);
    this.#last = event.seq;
    this.#options.listener.event(event);
  }

  #heard(): void {
    this.#cancel();
    this.#cancel = this.#options.after(SILENCE_MS, () => this.#retry());
  }

  #retry(): void {
    const { after, listener } = this.#options;
    this.#leave();
    listener.link(this.#last === undefined ? 'connecting' : 'lost');
    this.#cancel = after(this.#retryMs, () => void this.#connect(++this.#attempt));
    this.#retryMs = Math.min(LONGEST_RETRY_MS, 2 * this.#retryMs);
  }

  #leave(): void {
    this.#cancel();
    this.#source?.close();
    this.#source = undefined;
  }
}
