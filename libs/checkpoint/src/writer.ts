/**
 * The run's side of the checkpoint thread. At most two saves are under way, one being written and one waiting: a
 * disk slower than `--save-seconds` shows as a refusal, not as a growing queue of 40 MB states.
 */
import type { Checkpoint } from './checkpoint.ts';
import { CheckpointError } from './errors.ts';
import type { SavedCheckpoint, SaveReply, SaveRequest } from './writer-messages.ts';

/** Saves that may be under way at once: one being written, one waiting. */
export const MAX_SAVES = 2;

/** What is needed of a `Worker` of `node:worker_threads`. */
export interface WriterThread {
  postMessage(request: SaveRequest, transfer: ArrayBuffer[]): void;
  on(event: 'message', listener: (reply: SaveReply) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: (exitCode: number) => void): unknown;
  terminate(): Promise<unknown>;
}

/** Where checkpoints go and how many stay. */
export interface CheckpointWriterOptions {
  /** Starts a thread; called again when one has died. */
  readonly start: () => WriterThread;
  readonly folder: string;
  readonly keepLast: number;
  /** Which others stay as well: see `Checkpoints.keepLast`. */
  readonly anchorEvery?: number | undefined;
}

interface Pending {
  readonly resolve: (saved: SavedCheckpoint) => void;
  readonly reject: (error: CheckpointError) => void;
}

/**
 * Hands states to the checkpoint thread. A thread that dies takes what was under way with it; the next save gets another.
 */
export class CheckpointWriter {
  readonly #options: CheckpointWriterOptions;
  readonly #pending = new Map<number, Pending>();
  #thread: WriterThread | undefined;
  #idle: (() => void)[] = [];
  #nextId = 0;
  #closed = false;

  constructor(options: CheckpointWriterOptions) {
    this.#options = options;
    this.#thread = this.#start();
  }

  /** Whether a further {@link save} would be refused now. */
  get busy(): boolean {
    return this.#pending.size >= MAX_SAVES;
  }

  /**
   * Writes a state off this thread. The memory behind its tensors is transferred, not copied: whole buffers become
   * unusable here, so give copies made for this.
   *
   * @throws CheckpointError `checkpoint-busy` if two saves are under way (nothing is transferred then),
   *   `checkpoint-write` if the disk or the thread failed.
   */
  async save(checkpoint: Checkpoint): Promise<SavedCheckpoint> {
    const { folder, keepLast, anchorEvery } = this.#options;
    if (this.#closed) throw new CheckpointError('checkpoint-write', 'the checkpoint thread was closed');
    if (this.busy) throw new CheckpointError('checkpoint-busy', 'two checkpoints are still being written');
    const thread = (this.#thread ??= this.#start());
    const id = this.#nextId++;
    const buffers = new Set<ArrayBuffer>();
    for (const { data } of Object.values(checkpoint.tensors)) {
      if (data.buffer instanceof ArrayBuffer) buffers.add(data.buffer);
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      thread.postMessage({ id, folder, keepLast, anchorEvery, checkpoint }, [...buffers]);
    });
  }

  /** Resolves once no save is under way, whether they succeeded or not. */
  settled(): Promise<void> {
    if (this.#pending.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Waits for the saves under way, then ends the thread. */
  async close(): Promise<void> {
    await this.settled();
    this.#closed = true;
    await this.#thread?.terminate();
  }

  #start(): WriterThread {
    const thread = this.#options.start();
    thread.on('message', (reply) => this.#settle(reply));
    thread.on('error', (cause) => this.#fail(thread, 'the checkpoint thread failed', cause));
    thread.on('exit', (code) => this.#fail(thread, `the checkpoint thread ended with exit code ${code}`));
    return thread;
  }

  #settle(reply: SaveReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    switch (reply.kind) {
      case 'saved':
        pending?.resolve(reply.saved);
        break;
      case 'failed':
        pending?.reject(new CheckpointError(reply.code, reply.message));
        break;
      default:
        reply satisfies never;
    }
    this.#wake();
  }

  /** Everything under way was the dead thread's; its end after an error is no news. */
  #fail(thread: WriterThread, message: string, cause?: unknown): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const error = new CheckpointError('checkpoint-write', message, { cause });
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    this.#wake();
  }

  #wake(): void {
    if (this.#pending.size > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
