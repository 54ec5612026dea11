/**
 * The coordinator's view of one connection.
 *
 *     greeting --hello--> joining --ready--> waiting --snapshot--> active <--> behind
 *         \________________________________________________________/ any --> closed
 *
 * A worker that says it leaves is `leaving`: it finishes what it has and gets nothing more.
 * `waiting` takes its snapshot as soon as the state is at rest; `behind` has averages outstanding that it did not apply
 * and gets no more until it caught up, then a later snapshot.
 *
 * Invariant: at most {@link AVERAGE_LIMIT} averages and one snapshot are under way to a peer, so neither this process's
 * memory nor the worker's grows with a slow link or a slow device.
 */
import { encodeFrame } from '@gradcast/protocol';
import type { CoordinatorMessage, MessageOf } from '@gradcast/protocol';
import type { WebSocket } from 'ws';
import type { Credential } from './credentials.ts';
import type { Connection } from './doors.ts';

/** Averages that may be under way to a peer. */
export const AVERAGE_LIMIT = 4;

export type PeerState = 'greeting' | 'joining' | 'waiting' | 'active' | 'behind' | 'leaving' | 'closed';

/** Bytes by direction and message, for metrics. */
export type CountBytes = (direction: 'in' | 'out', message: string, bytes: number) => void;

export interface PeerOptions extends Connection {
  readonly now: () => number;
  readonly countBytes: CountBytes;
}

export class Peer {
  readonly socket: WebSocket;
  readonly address: string;
  /** Whom its secret names. */
  readonly credential: Credential;
  readonly #now: () => number;
  readonly #countBytes: CountBytes;
  readonly #bytesRead: () => number;
  state: PeerState = 'greeting';
  /** Name in logs and metrics, unique among the peers of a run. */
  name = '';
  hello: MessageOf<'hello'> | undefined;
  /** Known to this worker only: a hello with it takes this peer's place. */
  secret = '';
  /** Key of the numeric profile, probe included. */
  profile = '';
  /** A deadline passed and nothing was heard since: it is asked for nothing. */
  isQuiet = false;
  /** Our own child, asked in disputes only. */
  isArbiter = false;
  /** When the connection came. */
  joinedAt: number;
  /** When anything was last heard. */
  heardAt: number;
  /** An answer is wanted soon, to tell a busy worker from a stopped one. */
  wantsPing = false;
  /** How often it had to be given a snapshot because it fell behind or its replica was wrong. */
  misses = 0;
  /** Version that the replica has once all that was sent is applied. */
  sentVersion = -1;
  #appliedVersion = -1;
  /** Bytes handed to the socket and bytes it has passed on to the system. */
  #sentBytes = 0;
  #flushedBytes = 0;
  #progress: { at: number; flushed: number };
  /** Where the message that is arriving began. */
  #incoming: { at: number; from: number; seen: number };

  constructor({ socket, address, credential, bytesRead, now, countBytes }: PeerOptions) {
    this.#bytesRead = bytesRead;
    this.#incoming = { at: now(), from: bytesRead(), seen: bytesRead() };
    this.socket = socket;
    this.address = address;
    this.credential = credential;
    this.#now = now;
    this.#countBytes = countBytes;
    this.joinedAt = this.heardAt = now();
    this.#progress = { at: now(), flushed: 0 };
  }

  /** Sends a message with the frame it was encoded to, or encodes it. @returns when the system has taken it. */
  send(message: CoordinatorMessage, frame: Uint8Array = encodeFrame(message)): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    this.#countBytes('out', message.type, frame.byteLength);
    if (this.#sentBytes === this.#flushedBytes) this.#progress = { at: this.#now(), flushed: this.#flushedBytes };
    this.#sentBytes += frame.byteLength;
    return new Promise((resolve) => {
      this.socket.send(frame, { binary: true, compress: false }, () => {
        this.#flushedBytes += frame.byteLength;
        resolve();
      });
    });
  }

  /** By what a worker is judged: dropping the connection clears nothing. */
  get identity(): string {
    return `${this.name}@${this.address}`;
  }

  heard(message: string, bytes: number): void {
    this.heardAt = this.#now();
    this.isQuiet = false;
    const read = this.#bytesRead();
    this.#incoming = { at: this.#now(), from: read, seen: read };
    this.#countBytes('in', message, bytes);
  }

  /** This process stood still for so long: the peer is not to blame. */
  postpone(byMs: number): void {
    this.joinedAt += byMs;
    this.heardAt += byMs;
    this.#progress.at += byMs;
    this.#incoming.at += byMs;
  }

  /** Gives the peer the state at a version. */
  sendSnapshot(message: MessageOf<'snapshot'>, frame: Uint8Array): void {
    this.sentVersion = message.version;
    this.#appliedVersion = message.version - 1;
    this.state = 'active';
    void this.send(message, frame);
  }

  /** Gives an active peer an average, or leaves it behind. @returns when the system has taken it. */
  sendAverage(message: MessageOf<'average'>, frame: Uint8Array): Promise<void> {
    if (this.state !== 'active') return Promise.resolve();
    if (this.sentVersion - this.#appliedVersion >= AVERAGE_LIMIT) {
      this.state = 'behind';
      return Promise.resolve();
    }
    this.sentVersion = message.version + 1;
    return this.send(message, frame);
  }

  /** The replica reached a version. @returns whether a peer that was behind has caught up. */
  applied(version: number): boolean {
    this.#appliedVersion = Math.min(version, this.sentVersion);
    return this.state === 'behind' && this.#appliedVersion === this.sentVersion;
  }

  /** Whether the replica is where an open step needs it, so that a lease makes sense. */
  isAt(version: number): boolean {
    return this.state === 'active' && this.sentVersion === version;
  }

  /** Whether the link moved fewer than `bytes` over the last `ms` although there was that much to move. */
  isStuck(bytes: number, ms: number): boolean {
    const now = this.#now();
    if (now - this.#progress.at < ms) return false;
    const moved = this.#flushed() - this.#progress.flushed;
    const waiting = this.#sentBytes - this.#flushed();
    this.#progress = { at: now, flushed: this.#flushed() };
    return waiting > 0 && moved < bytes;
  }

  /** Whether a message began to arrive and moved fewer than `bytes` over the last `ms`. */
  isTrickling(bytes: number, ms: number): boolean {
    const now = this.#now();
    const read = this.#bytesRead();
    const { at, from, seen } = this.#incoming;
    // Nothing of a next message is there yet: the clock starts with its first byte.
    if (read === from) this.#incoming.at = now;
    if (read === from || now - at < ms) return false;
    this.#incoming = { at: now, from, seen: read };
    return read - seen < bytes;
  }

  close(code: number, reason: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.socket.close(code, reason.slice(0, 120));
  }

  /** Ends the connection without waiting for the other side. */
  terminate(): void {
    this.state = 'closed';
    this.socket.terminate();
  }

  #flushed(): number {
    return Math.max(this.#flushedBytes, this.#sentBytes - this.socket.bufferedAmount);
  }
}
