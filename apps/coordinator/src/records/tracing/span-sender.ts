/**
 * Sends encoded spans in batches, and again after a growing wait while a collector cannot be reached or asks for that (OTLP
 * specification, "Failures" and "Retryable Response Codes").
 *
 *     waiting --(a batch is full, or a while has passed)--> sending --(taken, or refused for good)--> waiting
 *                                                            |  ^
 *                                                  (retryable)--'  after 1 s, 2 s, ... 30 s
 *
 * Invariants: what waits is bounded, and what there is no room for is dropped and counted; a collector's word never makes a wait
 * longer than the longest of ours.
 */

export type Answer =
  | { readonly kind: 'taken'; readonly rejected: number }
  /** `afterMs`: what the collector asks to wait. */
  | { readonly kind: 'retry'; readonly why: string; readonly afterMs?: number }
  | { readonly kind: 'refused'; readonly why: string };

/** All so far. */
export interface SpanCounts {
  readonly sent: number;
  readonly dropped: number;
  /** Why nothing gets through at present; null if something does. */
  readonly failing: string | null;
}

export interface SpanSenderOptions {
  /** Posts one batch. Does not fail, and takes a bounded time. */
  readonly post: (spans: readonly Uint8Array[]) => Promise<Answer>;
  readonly after: (ms: number, callback: () => void) => () => void;
  readonly told: (counts: SpanCounts) => void;
}

/** Of the specification's batch span processor. */
export const BATCH_SPANS = 512;
const DELAY_MS = 5_000;
/** Some 3 MB. */
export const MOST_WAITING = 8_192;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export class SpanSender {
  readonly #options: SpanSenderOptions;
  readonly #waiting: Uint8Array[] = [];
  /** In the request that is under way, or tried again. */
  #underWay = 0;
  #sending: Promise<void> | undefined;
  #forgetDelay: (() => void) | undefined;
  #endWait: (() => void) | undefined;
  #isClosing = false;
  #sent = 0;
  #dropped = 0;
  #failing: string | null = null;

  constructor(options: SpanSenderOptions) {
    this.#options = options;
  }

  /** Adds spans and returns at once. */
  add(spans: readonly Uint8Array[]): void {
    const room = Math.max(0, MOST_WAITING - this.#underWay - this.#waiting.length);
    this.#waiting.push(...spans.slice(0, room));
    if (spans.length > room) {
      this.#dropped += spans.length - room;
      this.#tell();
    }
    if (this.#waiting.length >= BATCH_SPANS) this.#start();
    else this.#forgetDelay ??= this.#options.after(DELAY_MS, () => this.#start());
  }

  /** Tries to send what is left, without further waits; what cannot be sent is dropped. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#endWait?.();
    this.#start();
    await this.#sending;
  }

  #start(): void {
    this.#forgetDelay?.();
    this.#forgetDelay = undefined;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_SPANS);
      this.#underWay = batch.length;
      await this.#send(batch);
      this.#underWay = 0;
      this.#tell();
    }
  }

  async #send(batch: readonly Uint8Array[]): Promise<void> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const answer = await this.#options.post(batch);
      if (answer.kind === 'taken') {
        const rejected = Math.min(answer.rejected, batch.length);
        this.#sent += batch.length - rejected;
        this.#dropped += rejected;
        this.#failing = null;
        return;
      }
      this.#failing = answer.why;
      if (answer.kind === 'refused' || this.#isClosing) {
        this.#dropped += batch.length;
        return;
      }
      this.#tell();
      await this.#wait(Math.min(Math.max(wait, answer.afterMs ?? 0), LONGEST_WAIT_MS));
    }
  }

  async #wait(ms: number): Promise<void> {
    if (this.#isClosing) return;
    await new Promise<void>((resolve) => {
      const forget = this.#options.after(ms, resolve);
      this.#endWait = () => {
        forget();
        resolve();
      };
    });
    this.#endWait = undefined;
  }

  #tell(): void {
    this.#options.told({ sent: this.#sent, dropped: this.#dropped, failing: this.#failing });
  }
}
