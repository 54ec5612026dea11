/**
 * What a session needs of a network, so that its states can be tested without one and a browser can supply its own.
 */

/** Why no connection came about, or why it ended. */
export type Failure =
  /** Nobody answered, or the connection broke: worth another try. */
  | { readonly kind: 'unreachable'; readonly sentence: string }
  /** An answer that will not change: another protocol, a refused token. */
  | { readonly kind: 'refused'; readonly code: string; readonly sentence: string };

/** Events of one connection. `closed` comes exactly once, last; before `opened` if no connection came about. */
export interface ConnectionEvents {
  opened(): void;
  /** A binary message; its memory is the receiver's. */
  message(bytes: Uint8Array): void;
  closed(failure: Failure): void;
}

export interface Connection {
  send(bytes: Uint8Array): void;
  /** Bytes that have arrived, of messages that are still on their way too; absent where that cannot be told. */
  bytesRead?(): number;
  /** Closes once all that was sent has gone out. @returns when it is closed, within a bounded time; never rejects. */
  close(): Promise<void>;
}

/** Opens a connection; never throws: failures come as `closed`, and no event comes before this returns. */
export type Connect = (events: ConnectionEvents) => Connection;

/** Timers on an injected clock. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls back once after some milliseconds; the result cancels it. */
  after(ms: number, callback: () => void): () => void;
}
