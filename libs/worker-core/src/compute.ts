/**
 * The main thread's handle on the compute thread: hands frames over, and knows whether any is left to be dealt with.
 *
 * The thread itself is the runtime's: one of `worker_threads` in Node, a Web Worker in a browser. Its other side is
 * {@link serveCompute}.
 */
import type { BackendProfile, DeviceEvent } from '@gradcast/engine';
import type { FromCompute, ToCompute } from './compute-messages.ts';

/** What a compute thread tells the main thread. */
export interface ThreadEvents {
  message(message: FromCompute): void;
  /** The thread has ended, or never began; `sentence` says how. */
  ended(sentence: string): void;
}

/** A thread as its parent sees it. */
export interface ComputeThread {
  /** Hands a message over; the buffers listed are the thread's from then on. */
  post(message: ToCompute, transfer: ArrayBuffer[]): void;
}

/** Starts a thread that runs {@link serveCompute}; no event comes before this returns. */
export type StartThread = (events: ThreadEvents) => ComputeThread;

export interface ComputeHandlers {
  readonly frame: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** The thread has nothing to do. */
  readonly idle: () => void;
  readonly measured: (computeMs: number, images: number) => void;
  /** Something became of the device; the thread deals with it itself. */
  readonly device: (event: DeviceEvent) => void;
  /** The thread is of no use any more. */
  readonly failed: (code: string, sentence: string) => void;
}

export class Compute {
  readonly #thread: ComputeThread;
  readonly profile: BackendProfile;
  #handlers: ComputeHandlers | undefined;
  #failure: { readonly code: string; readonly sentence: string } | undefined;
  #delivered = 0;
  #taken = 0;

  private constructor(thread: ComputeThread, profile: BackendProfile) {
    this.#thread = thread;
    this.profile = profile;
  }

  /** Starts the thread and waits until its backend is loaded. @throws Error with `code` if it does not load. */
  static start(startThread: StartThread): Promise<Compute> {
    return new Promise((resolve, reject) => {
      let compute: Compute | undefined;
      const fail = (code: string, sentence: string) => {
        if (compute) compute.#failed(code, sentence);
        else reject(Object.assign(new Error(sentence), { code }));
      };
      const thread = startThread({
        message: (message) => {
          switch (message.type) {
            case 'loaded':
              compute = new Compute(thread, message.profile);
              return resolve(compute);
            case 'failed':
              return fail(message.code, message.sentence);
            default:
              if (compute) compute.#handle(message);
          }
        },
        ended: (sentence) => fail('compute-failed', sentence),
      });
    });
  }

  /** Says who takes what the thread gives. A thread that has failed meanwhile says so at once. */
  attach(handlers: ComputeHandlers): void {
    this.#handlers = handlers;
    if (this.#failure) handlers.failed(this.#failure.code, this.#failure.sentence);
  }

  /** Hands a received frame over; a view into a shared buffer is copied first. */
  deliver(bytes: Uint8Array): void {
    const { buffer, byteLength } = bytes;
    const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    const frame = whole ? new Uint8Array(buffer) : Uint8Array.from(bytes);
    this.#delivered += 1;
    this.#thread.post({ type: 'frame', bytes: frame }, [frame.buffer]);
  }

  /** Whether the thread is of no use any more. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Whether frames were delivered that the thread has not dealt with. */
  get busy(): boolean {
    return this.#taken < this.#delivered;
  }

  disconnected(): void {
    this.#thread.post({ type: 'disconnected' }, []);
  }

  #handle(message: Exclude<FromCompute, { readonly type: 'loaded' | 'failed' }>): void {
    switch (message.type) {
      case 'frame':
        return this.#handlers?.frame(message.bytes);
      case 'measured':
        return this.#handlers?.measured(message.computeMs, message.images);
      case 'device':
        return this.#handlers?.device(message.event);
      case 'idle':
        this.#taken = message.taken;
        // Frames may have been delivered since the thread said so.
        if (!this.busy) this.#handlers?.idle();
        return;
      default:
        message satisfies never;
    }
  }

  /** A thread that failed also ends: the first reason counts. */
  #failed(code: string, sentence: string): void {
    if (this.#failure) return;
    this.#failure = { code, sentence };
    this.#handlers?.failed(code, sentence);
  }
}
