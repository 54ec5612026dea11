/** The main thread's handle on the compute thread. */
import { Worker } from 'node:worker_threads';
import type { BackendProfile } from '@gradcast/engine';
import type { ComputeSettings, FromCompute, ToCompute } from './compute-messages.ts';

export interface ComputeHandlers {
  readonly frame: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** The thread has nothing to do. */
  readonly idle: () => void;
  readonly measured: (computeMs: number, images: number) => void;
  /** The thread is of no use any more. */
  readonly failed: (code: string, sentence: string) => void;
}

export class Compute {
  readonly #thread: Worker;
  readonly profile: BackendProfile;
  #delivered = 0;
  #taken = 0;

  private constructor(thread: Worker, profile: BackendProfile) {
    this.#thread = thread;
    this.profile = profile;
  }

  /** Starts the thread and waits until its backend is loaded. @throws Error with `code` if it does not load. */
  static start(settings: ComputeSettings, handlers: ComputeHandlers): Promise<Compute> {
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'mjs';
    const thread = new Worker(new URL(`./compute-thread.${ending}`, import.meta.url), { workerData: settings });
    return new Promise((resolve, reject) => {
      let compute: Compute | undefined;
      const fail = (code: string, sentence: string) => {
        if (compute) handlers.failed(code, sentence);
        else reject(Object.assign(new Error(sentence), { code }));
      };
      thread.on('error', (error) => fail('compute-failed', `the compute thread failed: ${String(error)}`));
      thread.on('exit', (code) => fail('compute-failed', `the compute thread ended with code ${code}`));
      thread.on('message', (message: FromCompute) => {
        switch (message.type) {
          case 'loaded':
            compute = new Compute(thread, message.profile);
            return resolve(compute);
          case 'frame':
            return handlers.frame(message.bytes);
          case 'idle':
            compute?.wentIdle(message.taken, handlers);
            return;
          case 'measured':
            return handlers.measured(message.computeMs, message.images);
          case 'failed':
            return fail(message.code, message.sentence);
          default:
            message satisfies never;
        }
      });
    });
  }

  /** Hands a received frame over; a view into a shared buffer is copied first. */
  deliver(bytes: Uint8Array): void {
    const { buffer, byteLength } = bytes;
    const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    const frame = whole ? new Uint8Array(buffer) : Uint8Array.from(bytes);
    this.#delivered += 1;
    this.#say({ type: 'frame', bytes: frame }, [frame.buffer]);
  }

  /** Whether frames were delivered that the thread has not dealt with. */
  get busy(): boolean {
    return this.#taken < this.#delivered;
  }

  wentIdle(taken: number, { idle }: ComputeHandlers): void {
    this.#taken = taken;
    // Frames may have been delivered since the thread said so.
    if (!this.busy) idle();
  }

  disconnected(): void {
    this.#say({ type: 'disconnected' });
  }

  #say(message: ToCompute, transfer: ArrayBuffer[] = []): void {
    this.#thread.postMessage(message, transfer);
  }
}
