/** The coordinator's end of a WebSocket, driven by a test. */
import { EventEmitter } from 'node:events';
import { decodeFromCoordinator } from '@gradcast/protocol';
import type { CoordinatorMessage, Received } from '@gradcast/protocol';
import type { WebSocket } from 'ws';

export class FakeSocket extends EventEmitter {
  /** What the coordinator sent, decoded when it was sent. */
  readonly sent: Received<CoordinatorMessage>[] = [];
  closedWith: number | undefined;
  terminated = false;
  /** A link that takes nothing: what is sent stays in it. */
  stuck = false;
  bufferedAmount = 0;

  send(frame: Uint8Array, _options: unknown, callback: () => void): void {
    this.sent.push(decodeFromCoordinator(Uint8Array.from(frame)));
    if (this.stuck) this.bufferedAmount += frame.byteLength;
    else callback();
  }

  close(code: number): void {
    this.closedWith ??= code;
  }

  terminate(): void {
    this.terminated = true;
  }

  /** The connection is gone. */
  hangUp(): void {
    this.emit('close');
  }

  /** As the type that a server hands over. */
  get socket(): WebSocket {
    return this as unknown as WebSocket;
  }
}
