/** A thread that answers one request at a time. It is started with the first, and anew after one that failed. */
import { Worker } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';

export class AskedThread<Request, Reply> {
  readonly #url: URL;
  readonly #settings: unknown;
  readonly #title: string;
  #thread: Worker | undefined;

  /** @param settings what the thread is started with. */
  constructor(url: URL, { settings, title }: { readonly settings: unknown; readonly title: string }) {
    this.#url = url;
    this.#settings = settings;
    this.#title = title;
  }

  /** @throws Error if the thread ended before it answered. */
  ask(request: Request, transferred: readonly Transferable[]): Promise<Reply> {
    this.#thread ??= new Worker(this.#url, { workerData: this.#settings });
    const thread = this.#thread;
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        // Only our own: a Worker has internal listeners under the same names.
        thread.off('message', onMessage).off('error', onError).off('exit', onExit);
        how();
      };
      const onMessage = (reply: Reply) => settle(() => resolve(reply));
      const onError = (error: unknown) => {
        // The next time gets a thread of its own.
        this.#thread = undefined;
        settle(() => reject(error instanceof Error ? error : new Error(String(error))));
      };
      const onExit = (code: number) => onError(new Error(`the ${this.#title} ended with code ${code}`));
      thread.on('message', onMessage).on('error', onError).on('exit', onExit);
      thread.postMessage(request, transferred);
    });
  }

  /** Ends the thread, and what it was asked fails; the next time gets another. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }
}
