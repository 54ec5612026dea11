/**
 * What a connection's socket has moved, in bytes and inside messages.
 *
 * `bytesWritten` of a socket counts a message as written when its first byte is, and `writableLength` as waiting until its
 * last one is: through a snapshot of 40 MB neither moves. What the system has taken is told by the socket's handle, from
 * which Node's own timeouts tell whether a long write gets on.
 */
import type { Socket } from 'node:net';

export interface Traffic {
  /** Bytes that have arrived. */
  readonly bytesRead: () => number;
  /** Bytes that the system has taken; absent where only whole messages can be told. */
  readonly bytesTaken?: () => number;
}

interface Handle {
  /** Bytes of all writes that were begun. */
  readonly bytesWritten?: number;
  /** Those of them that the system has not taken. */
  readonly writeQueueSize?: number;
}

export function trafficOf(socket: Socket): Traffic {
  const handle = () => (socket as Socket & { readonly _handle?: Handle | null })._handle;
  const bytesRead = () => socket.bytesRead;
  if (handle()?.writeQueueSize === undefined) return { bytesRead };
  /** A closed socket has no handle any more. */
  let last = 0;
  const bytesTaken = () => {
    const { bytesWritten = last, writeQueueSize = 0 } = handle() ?? {};
    return (last = Math.max(last, bytesWritten - writeQueueSize));
  };
  return { bytesRead, bytesTaken };
}
