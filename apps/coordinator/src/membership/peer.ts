/**
 * The coordinator's view of one connection.
 *
 *     greeting --hello--> joining --ready--> waiting --snapshot--> active --> behind --caught up--> waiting
 *         \                                     ^-----------------------------parked <--too slow---'
 *          \__any --> leaving --> closed
 *
 * A worker that says it leaves is `leaving`: it finishes what it has and gets nothing more.
 * `waiting` takes its snapshot as soon as a state is committed; `behind` has averages outstanding that it did not apply
 * and gets no more until it caught up, then a later snapshot; `parked` cannot keep up with the others and gets nothing.
 *
 * Invariants: at most {@link AVERAGE_LIMIT} averages and one snapshot are under way to a peer, and, whatever it says it has
 * applied, no more bytes wait for it than its `maxWaiting` and a few small messages; so neither this process's memory
 * nor the worker's grows with a slow link, a slow device or a false claim. This is the backpressure of the protocol.
 */
import { encodeFrame, ProtocolError } from '@gradcast/protocol';
import type { CoordinatorMessage, MessageOf, WorkerMessage } from '@gradcast/protocol';
import type { WebSocket } from 'ws';
import { Allowance } from './allowance.ts';
import type { Departure } from '../events.ts';
import type { Credential } from '../network/credentials.ts';
import type { Connection } from '../network/connection.ts';
import { Progress } from './progress.ts';
import type { Traffic } from '../network/traffic.ts';

/** Averages that may be under way to a peer. */
export const AVERAGE_LIMIT = 4;

export type PeerState = 'greeting' | 'joining' | 'waiting' | 'active' | 'behind' | 'parked' | 'leaving' | 'closed';

/** Bytes by direction and message, for metrics. */
export type CountBytes = (direction: 'in' | 'out', message: string, bytes: number) => void;

/** For so long a joiner is leased leaves that wait behind its snapshot; then not before it has applied it. */
const JOIN_MS = 1_000;

export interface PeerOptions extends Connection {
  /** Bytes that may wait for it before it gets no further average, lease or snapshot. */
  readonly maxWaiting: number;
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
  readonly #traffic: Traffic;
  readonly #maxWaiting: number;
  state: PeerState = 'greeting';
  /** Name in logs and metrics, unique among the peers of a run. */
  name = '';
  hello: MessageOf<'hello'> | undefined;
  /** Known to this worker only: a hello with it takes this peer's place. */
  secret = '';
  /** By what a worker is judged: its session, which outlives the connection. */
  identity = '';
  /** Whether a result of its session was ever used. */
  isProven = false;
  /** Key of the numeric profile, probe included. */
  profile = '';
  /** A deadline passed and nothing was heard since: it is asked for nothing. */
  isQuiet = false;
  /** Why it goes, once that is known. */
  departure: Departure | undefined;
  /** When it began to leave. */
  leavingAt = Infinity;
  /** Our own child, asked in disputes only. */
  isArbiter = false;
  /** Its session ends with its connection: the secret brings nobody back. */
  isForgotten = false;
  /** When the connection came. */
  joinedAt: number;
  /** When anything was last heard. */
  heardAt: number;
  /** An answer is wanted soon, to tell a busy worker from a stopped one. */
  wantsPing = false;
  /** How often it had to be given a snapshot because it fell behind or its replica was wrong. */
  misses = 0;
  /** When it may have a snapshot. */
  pausedUntil = -Infinity;
  /** Version that the replica has once all that was sent is applied. */
  sentVersion = -1;
  #appliedVersion = -1;
  /** The version of its newest snapshot, and when that was given. */
  #given = { version: -1, at: 0 };
  /** Bytes handed to the socket, and how many of them lay in messages that the system took whole. */
  #sentBytes = 0;
  #flushedBytes = 0;
  /** When the first of what it has not applied was sent, and what had been sent before. */
  #outstanding: { at: number; from: number };
  readonly #allowance: Allowance;
  readonly #outgoing: Progress;
  readonly #incoming: Progress;
  /** Bytes that had arrived with the last whole message. */
  #heardBytes = 0;
  /** Bytes a second in which it took and applied what was last outstanding. */
  takesBytesPerSecond = Infinity;
  /** How often in a row it fell behind without a result that was used between. */
  lapses = 0;
  /** Whether a result of it was ever used. */
  hasContributed = false;

  constructor({ socket, address, credential, bytesRead, bytesTaken, maxWaiting, now, countBytes }: PeerOptions) {
    this.#traffic = { bytesRead, bytesTaken };
    this.#maxWaiting = maxWaiting;
    this.socket = socket;
    this.address = address;
    this.credential = credential;
    this.#now = now;
    this.#countBytes = countBytes;
    this.joinedAt = this.heardAt = now();
    this.#outstanding = { at: now(), from: 0 };
    this.#allowance = new Allowance(now);
    this.#outgoing = new Progress(now());
    this.#incoming = new Progress(now());
  }

  /** Sends a message with the frame it was encoded to, or encodes it. @returns when the system has taken it. */
  send(message: CoordinatorMessage, frame: Uint8Array = encodeFrame(message)): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    this.#countBytes('out', message.type, frame.byteLength);
    this.#allowance.asks(message);
    this.#sentBytes += frame.byteLength;
    let taken = () => {};
    const whenTaken = new Promise<void>((resolve) => (taken = resolve));
    // Outside of the promise: what it throws is for whoever sends.
    this.socket.send(frame, { binary: true, compress: false }, () => {
      this.#flushedBytes += frame.byteLength;
      taken();
    });
    return whenTaken;
  }

  /** A message came. @returns whether it may: asked for, or among the few that are not. */
  heard(message: WorkerMessage['type'], bytes: number): 'asked' | 'unasked' | 'too-much' {
    this.heardAt = this.#now();
    this.isQuiet = false;
    this.#heardBytes = this.#traffic.bytesRead();
    this.#countBytes('in', message, bytes);
    return this.#allowance.says(message);
  }

  /** Whether a message larger than a header may come from it. */
  get mayBeLarge(): boolean {
    return this.#allowance.mayBeLarge(this.isProven);
  }

  /** This process stood still for so long: the peer's deadlines are extended by as much. */
  postpone(byMs: number): void {
    this.joinedAt += byMs;
    this.pausedUntil += byMs;
    this.heardAt += byMs;
    this.#outstanding.at += byMs;
    this.#given.at += byMs;
    this.leavingAt += byMs;
    this.#outgoing.postpone(byMs);
    this.#incoming.postpone(byMs);
  }

  /** Whether so many bytes more may wait for it. */
  hasRoom(bytes: number): boolean {
    const { bufferedAmount } = this.socket;
    return bufferedAmount === 0 || bufferedAmount + bytes <= this.#maxWaiting;
  }

  /** A result of it was used. */
  contributed(): void {
    this.hasContributed = this.isProven = true;
    this.lapses = 0;
  }

  /** Gives the peer the state at a version. @returns when the system has taken it. */
  sendSnapshot(message: MessageOf<'snapshot'>, frame: Uint8Array): Promise<void> {
    this.#outstanding = { at: this.#now(), from: this.#sentBytes };
    this.#given = { version: message.version, at: this.#now() };
    this.sentVersion = message.version;
    this.#appliedVersion = message.version - 1;
    this.state = 'active';
    return this.send(message, frame);
  }

  /** Gives an active peer an average, or leaves it behind. @returns when the system has taken it. */
  sendAverage(message: MessageOf<'average'>, frame: Uint8Array): Promise<void> {
    if (this.state !== 'active') return Promise.resolve();
    if (this.sentVersion - this.#appliedVersion >= AVERAGE_LIMIT || !this.hasRoom(frame.byteLength)) {
      this.state = 'behind';
      this.lapses += 1;
      return Promise.resolve();
    }
    if (this.#appliedVersion === this.sentVersion) this.#outstanding = { at: this.#now(), from: this.#sentBytes };
    this.sentVersion = message.version + 1;
    return this.send(message, frame);
  }

  /**
   * The replica reached a version.
   *
   * @returns whether it has now taken its snapshot, or has caught up with all that it was sent before it was left behind.
   * @throws ProtocolError `message-unexpected` for a version that was not sent.
   */
  applied(version: number): 'joined' | 'caught-up' | undefined {
    if (version > this.sentVersion) {
      throw new ProtocolError('message-unexpected', `version ${version} was applied before it was sent`);
    }
    const hadJoined = this.#hasJoined;
    this.#appliedVersion = Math.max(version, this.#appliedVersion);
    if (this.#appliedVersion === this.sentVersion) {
      const { at, from } = this.#outstanding;
      this.takesBytesPerSecond = ((this.#sentBytes - from) * 1000) / (this.#now() - at);
      if (this.state === 'behind') return 'caught-up';
    }
    return this.#hasJoined && !hadJoined ? 'joined' : undefined;
  }

  /** Whether the replica is where an open step needs it, or will soon be, so that a lease makes sense. */
  isAt(version: number): boolean {
    return this.state === 'active' && this.sentVersion === version && this.#takesLeases && this.hasRoom(0);
  }

  /** Whether it has a replica and takes every average. */
  get isInStep(): boolean {
    return this.state === 'active' && this.#hasJoined;
  }

  get #hasJoined(): boolean {
    return this.#appliedVersion >= this.#given.version;
  }

  /** A snapshot takes a slow link minutes, and who waits for it must not hold leaves meanwhile. */
  get #takesLeases(): boolean {
    return this.#hasJoined || (this.#sentBytes === this.#flushedBytes && this.#now() - this.#given.at <= JOIN_MS);
  }

  /**
   * Looks at what the connection has moved since the last look: bytes count as being heard from, since through a long
   * message there is no other word.
   *
   * @returns whether the link is slower than it must be, in either direction.
   */
  isTooSlow(): boolean {
    const now = this.#now();
    const { bytesRead, bytesTaken } = this.#traffic;
    const unsent = this.socket.bufferedAmount;
    const sent = this.#outgoing.look(now, bytesTaken?.() ?? this.#sentBytes - unsent, unsent > 0);
    const read = bytesRead();
    const arrived = this.#incoming.look(now, read, read > this.#heardBytes);
    if (arrived || (sent && unsent > 0)) this.heardAt = now;
    return this.#outgoing.isTooSlow || this.#incoming.isTooSlow;
  }

  /** It is asked for nothing more; what it has it may finish. */
  leaves(): void {
    if (this.state === 'closed' || this.state === 'leaving') return;
    this.state = 'leaving';
    this.leavingAt = this.#now();
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
}
