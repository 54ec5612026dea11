/**
 * What a large message arrives in.
 *
 * A result of 10 MB comes in 156 pieces of 64 kB, each memory of its own, and lies in them until `ws` joins it. They live
 * long enough for V8 to move them to its old generation, where only collections of the whole heap would find them: every
 * sixth step, for a quarter of all the processor time that a coordinator of two workers needs.
 *
 * Invariant: of a message that may not be large no more is held than a header and what comes in one piece.
 */
import { frameLimit } from '@gradcast/protocol';
import { freeAll } from '@gradcast/tensors';

/** Larger than any piece, so such a message was joined in memory of its own. */
const JOINED_BYTES = 1 << 20;

/** The most that Node reads at once. */
const PIECE_BYTES = 65_536;
/** Begun in the middle of a piece, a message without a payload is complete within so many bytes of the last one. */
const SMALL_BYTES = frameLimit(0) + PIECE_BYTES;

/** Sets who is asked, while more of a message comes than a header may have, whether it may; until then none may. */
export type WhenLarge = (mayGoOn: () => boolean) => void;

interface Stream {
  on(event: 'data', listener: (piece: Uint8Array) => void): unknown;
}

interface Socket {
  on(event: 'message' | 'ping' | 'pong', listener: (content: { readonly byteLength: number }) => void): unknown;
  terminate(): void;
}

/**
 * Gives the pieces of each large message back once it was joined, and ends a connection that sends one it may not.
 * `stream` is what `socket` reads; it must hand pieces to the socket before it calls listeners that are added here, and the socket must handle each at once (`ws` does if
 * `allowSynchronousEvents` is set and nothing is compressed): then no byte is unread of a piece that came before the one
 * which completes a message.
 */
export function watchPieces(stream: Stream, socket: Socket): WhenLarge {
  let pieces: Uint8Array[] = [];
  let mayGoOn = () => false;
  /** Since the last message: pings between the fragments of one end nothing. */
  let bytes = 0;
  stream.on('data', (piece) => {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > SMALL_BYTES && !mayGoOn()) socket.terminate();
  });
  socket.on('message', ({ byteLength }) => {
    // Small messages are views of the piece they came in, and the first of these may hold some; the last is not here yet.
    if (byteLength > JOINED_BYTES) freeAll(pieces.slice(1));
    pieces = [];
    bytes = 0;
  });
  // These complete no message: a peer that sent nothing else would fill the memory.
  for (const event of ['ping', 'pong'] as const) socket.on(event, () => (pieces = []));
  return (decide) => void (mayGoOn = decide);
}
