/**
 * One direction of a proxied connection: frames go on in order, no faster than the other side takes them, and, if the
 * lane is slow, no faster than that.
 *
 * Invariant: at most {@link PENDING_BYTES} and one frame lie here; beyond that the sender is not read from, so its own
 * buffers fill as they would without a proxy.
 */
import { WebSocket } from 'ws';

const PENDING_BYTES = 4 * 1024 * 1024;
/** A slow lane moves a piece this often. */
const PIECE_MS = 50;

export class Lane {
  readonly #from: WebSocket;
  readonly #to: WebSocket;
  #pendingBytes = 0;
  #tail = Promise.resolve();
  #bytesPerSecond = Infinity;

  constructor(from: WebSocket, to: WebSocket) {
    this.#from = from;
    this.#to = to;
  }

  /** From the next frame on; `Infinity` is as fast as it can be. */
  set bytesPerSecond(speed: number) {
    this.#bytesPerSecond = speed;
  }

  /** @returns when the system has taken the frame, or the connection is gone. */
  send(bytes: Uint8Array, binary: boolean): Promise<void> {
    this.#pendingBytes += bytes.byteLength;
    if (this.#pendingBytes > PENDING_BYTES) this.#from.pause();
    this.#tail = this.#tail.then(async () => {
      await this.#transmit(bytes, binary);
      this.#pendingBytes -= bytes.byteLength;
      if (this.#pendingBytes <= PENDING_BYTES) this.#from.resume();
    });
    return this.#tail;
  }

  /** Resolves when all that was given to {@link send} so far is on its way. */
  drained(): Promise<void> {
    return this.#tail;
  }

  async #transmit(bytes: Uint8Array, binary: boolean): Promise<void> {
    const piece = (this.#bytesPerSecond * PIECE_MS) / 1000;
    if (bytes.byteLength <= piece) return this.#write(bytes, { binary, fin: true });
    for (let start = 0; start < bytes.byteLength;) {
      const size = Math.max(1, Math.floor((this.#bytesPerSecond * PIECE_MS) / 1000));
      const end = Math.min(bytes.byteLength, start + size);
      await this.#write(bytes.subarray(start, end), { binary, fin: end === bytes.byteLength });
      start = end;
      if (Number.isFinite(this.#bytesPerSecond)) await pause(PIECE_MS);
    }
  }

  #write(bytes: Uint8Array, { binary, fin }: { binary: boolean; fin: boolean }): Promise<void> {
    return new Promise((resolve) => {
      if (this.#to.readyState !== WebSocket.OPEN) return resolve();
      this.#to.send(bytes, { binary, fin, compress: false }, () => resolve());
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
