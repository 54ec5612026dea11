/** The coordinator's end of a WebSocket that takes everything at once. */
import { EventEmitter } from 'node:events';
import { decodeFromCoordinator } from '@gradcast/protocol';
import type { CoordinatorMessage } from '@gradcast/protocol';
import type { WebSocket } from 'ws';

export class OfflineSocket extends EventEmitter {
  readonly bufferedAmount = 0;
  onMessage: (message: CoordinatorMessage) => void = () => undefined;

  send(frame: Uint8Array, _options: unknown, callback: () => void): void {
    this.onMessage(decodeFromCoordinator(Uint8Array.from(frame)).message);
    callback();
  }

  close(): void {
    // A bookkeeping run ends with its process.
  }

  terminate(): void {
    // As above.
  }

  /** As the type that a server hands over. */
  get socket(): WebSocket {
    return this as unknown as WebSocket;
  }
}
