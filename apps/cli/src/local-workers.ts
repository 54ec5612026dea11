/**
 * The worker processes of one machine: started together, started again when they die without a reason of their own.
 *
 * A worker that says why it failed (backend, token, protocol) fails for good: the next try would fail alike. One that
 * dies otherwise gets three more tries. The run's bits do not depend on any of this.
 */
import type { LocalWorkerConfig } from '@gradcast/config';
import { type Child, type ChildExit, exitText, type StartChild } from './child.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, type StopSignal } from './exit-codes.ts';

const MAX_RESTARTS = 3;
const FIRST_BACKOFF_MS = 1000;

/** Calls `action` after a delay; the result cancels. */
export type Delay = (milliseconds: number, action: () => void) => () => void;

export interface LocalWorkersOptions {
  readonly count: number;
  readonly config: LocalWorkerConfig;
  readonly token: string | null;
  readonly start: StartChild;
  readonly delay: Delay;
  readonly onNotice: (sentence: string) => void;
  readonly onError: (code: string, sentence: string) => void;
  /** Every worker has ended for good before it was told to. */
  readonly onAllEnded: () => void;
}

interface Slot {
  readonly index: number;
  deaths: number;
  state: 'running' | 'waiting' | 'done' | 'failed';
  child: Child | null;
  cancel: () => void;
}

/** One that is started again computes like those that it left: what they timed is kept. */
function tuneOf({ tune }: LocalWorkerConfig, { deaths }: Slot): LocalWorkerConfig['tune'] {
  return tune === 'again' && deaths > 0 ? 'once' : tune;
}

export class LocalWorkers {
  readonly #options: LocalWorkersOptions;
  readonly #slots: Slot[];
  /** Sentences are said once, however many workers say them. */
  readonly #said = new Set<string>();
  #url = '';
  #retired = false;

  constructor(options: LocalWorkersOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, index) => {
      return { index, deaths: 0, state: 'waiting', child: null, cancel: () => undefined };
    });
  }

  /** Starts all workers against the coordinator at `url`. */
  start(url: string): void {
    this.#url = url;
    for (const slot of this.#slots) this.#run(slot);
  }

  /** From now on a worker that ends stays ended. */
  retire(): void {
    this.#retired = true;
    for (const slot of this.#slots) {
      slot.cancel();
      if (slot.state === 'waiting') slot.state = 'done';
    }
  }

  stop(signal: StopSignal): void {
    for (const slot of this.#slots) slot.child?.stop(signal);
  }

  kill(): void {
    for (const slot of this.#slots) slot.child?.kill();
  }

  /** Resolves when no worker process runs; meaningful once retired. */
  async ended(): Promise<void> {
    await Promise.all(this.#slots.flatMap((slot) => (slot.child ? [slot.child.ended] : [])));
  }

  #run(slot: Slot): void {
    if (this.#retired) return;
    const { config, token, start } = this.#options;
    let failure: number | null = null;
    slot.state = 'running';
    const name = `local-${slot.index}`;
    const child = start({
      entry: 'worker',
      logLevel: config.logLevel,
      first: {
        type: 'work',
        config: { ...config, tune: tuneOf(config, slot), coordinator: this.#url, name, localIndex: slot.index },
        token,
      },
      onMessage: (message) => {
        if (message.type === 'failed') {
          failure = message.exitCode;
          if (!this.#retired) this.#once(message.sentence, () => this.#options.onError(message.code, message.sentence));
        } else if (message.type === 'backend') {
          this.#once(message.sentence, () => this.#options.onNotice(message.sentence));
        } else if (message.type === 'notice' && !message.ofRun && !this.#retired) {
          // What is the run's own news, its coordinator tells.
          this.#options.onNotice(`${name}: ${message.sentence}`);
        }
      },
    });
    slot.child = child;
    void child.ended.then((exit) => this.#afterExit(slot, exit, failure));
  }

  #afterExit(slot: Slot, exit: ChildExit, failure: number | null): void {
    slot.child = null;
    if (this.#retired || exit.code === EXIT_DONE) {
      slot.state = 'done';
      return this.#checkEnd();
    }
    const name = `local-${slot.index}`;
    const final = failure === EXIT_FAILED || failure === EXIT_USAGE;
    if (!final && slot.deaths < MAX_RESTARTS) {
      const seconds = (FIRST_BACKOFF_MS * 2 ** slot.deaths) / 1000;
      slot.deaths++;
      slot.state = 'waiting';
      const tries = `try ${slot.deaths} of ${MAX_RESTARTS}`;
      this.#options.onNotice(
        `worker ${name} ended unexpectedly (${exitText(exit)}); starting it again in ${seconds} s, ${tries}`,
      );
      slot.cancel = this.#options.delay(seconds * 1000, () => this.#run(slot));
      return;
    }
    slot.state = 'failed';
    if (!final) {
      const sentence = `worker ${name} ended unexpectedly ${slot.deaths + 1} times (${exitText(exit)}) and is given up`;
      this.#options.onError('worker-died', sentence);
    }
    this.#checkEnd();
  }

  #checkEnd(): void {
    if (this.#retired) return;
    if (this.#slots.every(({ state }) => state === 'failed' || state === 'done')) this.#options.onAllEnded();
  }

  #once(sentence: string, say: () => void): void {
    if (this.#said.has(sentence)) return;
    this.#said.add(sentence);
    say();
  }
}
