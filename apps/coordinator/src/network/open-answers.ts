/**
 * Answers that are on their way: what a client does not take lies in this process's memory, encrypted once for each of them, so
 * there is a bounded number, of one address no more than half, and of one connection one: browsers ask for no more before they
 * have it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Of 675 kB at most, so 86 MB for one address and 173 MB in all. */
const MOST = 256;
const MOST_OF_ADDRESS = MOST / 2;

type Emitter = Pick<IncomingMessage['socket'], 'once' | 'off'>;

export class OpenAnswers {
  readonly #byAddress = new Map<string, number>();
  readonly #sockets = new Set<Emitter>();

  get size(): number {
    return this.#sockets.size;
  }

  /** Takes a place until the response is over. @returns whether there is one. */
  take(address: string, socket: Emitter, response: Pick<ServerResponse, 'once'>): boolean {
    const here = this.#byAddress.get(address) ?? 0;
    if (this.#sockets.has(socket) || this.size >= MOST || here >= MOST_OF_ADDRESS) return false;
    this.#sockets.add(socket);
    this.#byAddress.set(address, here + 1);
    const release = () => {
      socket.off('close', release);
      if (!this.#sockets.delete(socket)) return;
      const left = this.#byAddress.get(address)! - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    };
    response.once('close', release);
    // A response that waits behind another one is told nothing when its connection goes.
    socket.once('close', release);
    return true;
  }
}
