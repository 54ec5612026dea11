/**
 * What a large message arrived in.
 *
 * A result of 10 MB comes in 156 pieces of 64 kB, each memory of its own, and lies in them until `ws` joins it. They live
 * long enough for V8 to move them to its old generation, where only collections of the whole heap would find them: every
 * sixth step, for a quarter of all the processor time that a coordinator of two workers needs.
 */
import { freeAll } from '@gradcast/tensors';

/** Larger than any piece, so such a message was joined in memory of its own. */
const JOINED_BYTES = 1 << 20;

interface Stream {
  on(event: 'data', listener: (piece: Uint8Array) => void): unknown;
}

interface Socket {
  on(event: 'message' | 'ping' | 'pong', listener: (content: { readonly byteLength: number }) => void): unknown;
}

/**
 * Gives the pieces of each large message back once it was joined. `stream` is what `socket` reads; it must hand pieces to
 * the socket before it calls listeners that are added here, and the socket must handle each at once (`ws` does if
 * `allowSynchronousEvents` is set and nothing is compressed): then no byte is unread of a piece that came before the one
 * which completes a message.
 */
export function freePieces(stream: Stream, socket: Socket): void {
  let pieces: Uint8Array[] = [];
  stream.on('data', (piece) => void pieces.push(piece));
  socket.on('message', ({ byteLength }) => {
    // Small messages are views of the piece they came in, and the first of these may hold some; the last is not here yet.
    if (byteLength > JOINED_BYTES) freeAll(pieces.slice(1));
    pieces = [];
  });
  // These complete no message: a peer that sent nothing else would fill the memory.
  for (const event of ['ping', 'pong'] as const) socket.on(event, () => (pieces = []));
}
