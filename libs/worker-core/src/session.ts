/**
 * A worker's side of the connection: hello, welcome, heartbeats, reconnecting, goodbye.
 *
 *     connecting --opened--> greeting --welcome--> member --closed--> waiting --backoff--> connecting
 *                                                    |                   \--retries used up--> ended (unreachable)
 *                                                    |--leave--> leaving --finished or out of grace--> ended
 *                                                    \--done / final refusal--> ended
 *
 * Invariants: a message of another incarnation than the welcome's is dropped; a coordinator from which no byte comes for
 * the agreed time is given up and called again; through a message that takes minutes, the coordinator hears of this
 * worker; retries end after `reconnectSeconds` of trying without a welcome, so no worker waits for ever unless it was told to.
 * A refusal that cannot change is final: `never`, or twice in a row the same of what was sent.
 */
import {
  codeOf,
  decodeFromCoordinator,
  encodeFrame,
  HEARTBEAT_MS,
  LONGEST_RETRY_MS,
  PROTOCOL_VERSION,
  ProtocolError,
  sentenceOf,
} from '@gradcast/protocol';
import type { MessageOf, WorkerMessage } from '@gradcast/protocol';
import type { Clock, Connect, Connection, Failure } from './connection.ts';

/** What the worker says of itself. */
export type Introduction = Omit<MessageOf<'hello'>, 'type' | 'protocol' | 'session'>;

/** How a session ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly reason: string }
  | { readonly kind: 'left' }
  | { readonly kind: 'refused'; readonly code: string; readonly sentence: string }
  | { readonly kind: 'unreachable'; readonly sentence: string };

export interface SessionOptions {
  readonly connect: Connect;
  readonly clock: Clock;
  /** A number in [0, 1) for jitter. */
  readonly jitter: () => number;
  readonly introduction: Introduction;
  /** Seconds of trying again after a connection is lost or cannot be made; 0 tries once. */
  readonly reconnectSeconds: number;
  /** Takes the frames that need the replica, in order. */
  readonly deliver: (bytes: Uint8Array) => void;
  /** The replica and all leases are worthless from here on. */
  readonly disconnected: () => void;
  /** Something a log should say. */
  readonly notice: (event: SessionNotice) => void;
  /** By which the coordinator knows this worker again; it belongs in no log. */
  readonly secret?: SecretKeeper | undefined;
}

/** Keeps the secret of a worker's sessions beyond one {@link Session}. */
export interface SecretKeeper {
  /** Of the session before this one, or null. */
  readonly former: string | null;
  /** Called with each one that the coordinator gives. */
  readonly keep: (secret: string) => void;
}

export type SessionNotice =
  | { readonly kind: 'joined'; readonly worker: string; readonly run: string; readonly incarnation: number }
  /** The worker does not keep up with the others and gets no work: bytes a second that it takes, and that it would have to. */
  | { readonly kind: 'parked'; readonly bytesPerSecond: number; readonly neededBytesPerSecond: number }
  /** The operator did something with the run. */
  | { readonly kind: 'state'; readonly state: MessageOf<'state'>['state'] }
  /** The operator wants this worker to go; who hears this calls {@link Session.leave}. */
  | { readonly kind: 'drain'; readonly reason: string }
  | { readonly kind: 'lost'; readonly sentence: string; readonly retryMs: number };

/** Refusals of what was sent: the same words again are refused again, unless the first were spoilt on their way. */
const REFUSED_ALIKE: readonly string[] = ['message-invalid', 'frame-malformed'];
const FIRST_BACKOFF_MS = 250;
/** From the hello to the welcome. */
const GREETING_MS = 15_000;
/**
 * Where nobody can tell whether a message is on its way, as in a browser, it may take so many times the agreed silence: a
 * snapshot of 11 MB comes within two minutes at 90 kB/s.
 */
const BLIND_PATIENCE = 4;
/** For a sign of life after the machine slept or the network came back. */
const HURRY_MS = 15_000;

export class Session {
  readonly #options: SessionOptions;
  #resolve: (outcome: Outcome) => void = () => {};
  /** Settles when the session is over; it never rejects. */
  readonly ended: Promise<Outcome>;
  #connection: Connection | undefined;
  #secret: string | null;
  #incarnation: number | undefined;
  #silenceMs = GREETING_MS;
  #cancelTimer = () => {};
  #isWaitingToRetry = false;
  /** When anything last arrived, and how much had by then. */
  #heard = { at: 0, bytes: 0 };
  #nextPing = 1;
  /** When the present series of attempts began; undefined while a member. */
  #tryingSince: number | undefined;
  #attempts = 0;
  /** Code of the last refusal, until the run has gone on with this worker in it. */
  #refusedWith: string | undefined;
  #over = false;
  #isLeaving = false;
  #cancelGrace = () => {};

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#secret = options.secret?.former ?? null;
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Makes the first connection. */
  start(): void {
    this.#tryingSince = this.#options.clock.now();
    this.#open();
  }

  /** Sends a frame if there is a coordinator to send it to; otherwise it is dropped, its lease is void anyway. */
  send(frame: Uint8Array): void {
    if (this.#incarnation !== undefined) this.#connection?.send(frame);
  }

  /**
   * Says goodbye: the coordinator asks for nothing more. The session ends with {@link finished}, when the grace is over
   * (what was not finished is then free for others), or at once if there is nothing to finish.
   */
  leave(reason: string, options: { readonly graceMs: number; readonly busy: boolean }): void {
    if (this.#incarnation === undefined || this.#isLeaving) return this.#end({ kind: 'left' });
    this.#isLeaving = true;
    this.#say({ type: 'leave', incarnation: this.#incarnation, reason: sentenceOf(reason) });
    if (!options.busy) return this.#end({ kind: 'left' });
    this.#cancelGrace = this.#options.clock.after(options.graceMs, () => this.#end({ kind: 'left' }));
  }

  /** Everything that was asked for has been sent: a leaving worker may go. */
  finished(): void {
    if (this.#isLeaving) this.#end({ kind: 'left' });
  }

  /** Ends because this worker cannot go on; the coordinator is told why. */
  giveUp(code: string, sentence: string): void {
    this.#say({ type: 'refuse', code: codeOf(code, 'worker-failed'), sentence: sentenceOf(sentence), retry: 'never' });
    this.#end({ kind: 'refused', code, sentence });
  }

  /**
   * The machine woke up, or its network came back: what was waited for may be long over. A pause before the next try ends now;
   * a coordinator that seems to be there is asked, and given up if it stays silent for 15 s.
   */
  hurry(): void {
    if (this.#isWaitingToRetry) {
      this.#cancelTimer();
      this.#open();
    } else if (this.#incarnation !== undefined) {
      this.#ping(this.#incarnation);
      this.#listen(HURRY_MS);
    }
  }

  #open(): void {
    this.#isWaitingToRetry = false;
    // Events of a connection that was given up must not touch the next one.
    const current = () => !this.#over && own === this.#connection;
    const own = this.#options.connect({
      opened: () => {
        if (!current()) return;
        const { introduction } = this.#options;
        this.#say({ type: 'hello', protocol: PROTOCOL_VERSION, ...introduction, session: this.#secret });
        this.#listen(GREETING_MS);
      },
      message: (bytes) => {
        if (current()) this.#receive(bytes);
      },
      closed: (failure) => {
        if (current()) this.#lost(failure);
      },
    });
    this.#connection = own;
  }

  /** Whatever goes wrong with a message ends this session, not its process. */
  #receive(bytes: Uint8Array): void {
    try {
      this.#handle(bytes);
    } catch (error) {
      const code = error instanceof ProtocolError ? error.code : 'message-failed';
      const reason = error instanceof Error ? error.message : String(error);
      this.#end({ kind: 'refused', code, sentence: `the coordinator is not understood: ${reason}` });
    }
  }

  #handle(bytes: Uint8Array): void {
    const { message } = decodeFromCoordinator(bytes);
    if (message.type === 'refuse') return this.#refused(message);
    if (message.type === 'welcome') return this.#welcomed(message, bytes);
    if (message.incarnation !== this.#incarnation) return;
    this.#listen(this.#silenceMs);
    switch (message.type) {
      case 'ping':
        return this.#say({ type: 'pong', incarnation: message.incarnation, id: message.id });
      case 'pong':
        return;
      case 'parked': {
        const { bytesPerSecond, neededBytesPerSecond } = message;
        return this.#options.notice({ kind: 'parked', bytesPerSecond, neededBytesPerSecond });
      }
      case 'state':
        return this.#options.notice({ kind: 'state', state: message.state });
      case 'drain':
        // Who is going already goes on finishing what it has.
        if (!this.#isLeaving) this.#options.notice({ kind: 'drain', reason: message.reason });
        return;
      case 'done':
        return this.#end({ kind: 'done', reason: message.reason });
      case 'average':
        this.#refusedWith = undefined;
        return this.#options.deliver(bytes);
      case 'snapshot':
      case 'lease':
        return this.#options.deliver(bytes);
      default:
        message satisfies never;
    }
  }

  #welcomed(message: MessageOf<'welcome'>, bytes: Uint8Array): void {
    this.#secret = message.session;
    this.#options.secret?.keep(message.session);
    this.#incarnation = message.incarnation;
    this.#silenceMs = message.silenceSeconds * 1000 * (this.#isBlind ? BLIND_PATIENCE : 1);
    this.#tryingSince = undefined;
    this.#attempts = 0;
    this.#listen(this.#silenceMs);
    const { worker, run, incarnation } = message;
    this.#options.notice({ kind: 'joined', worker, run, incarnation });
    this.#options.deliver(bytes);
  }

  #refused({ code, sentence, retry }: MessageOf<'refuse'>): void {
    const isRepeated = code === this.#refusedWith && REFUSED_ALIKE.includes(code);
    this.#refusedWith = code;
    if (retry === 'never') this.#end({ kind: 'refused', code, sentence });
    else if (isRepeated) this.#end({ kind: 'refused', code, sentence: `${sentence} (twice in a row)` });
    else this.#lost({ kind: 'unreachable', sentence });
  }

  /** Gives the coordinator up if nothing more comes for so long. */
  #listen(ms: number): void {
    this.#heard = { at: this.#options.clock.now(), bytes: this.#connection?.bytesRead?.() ?? 0 };
    this.#wait(ms);
  }

  #wait(ms: number): void {
    const { clock } = this.#options;
    this.#cancelTimer();
    const left = this.#heard.at + ms - clock.now();
    this.#cancelTimer = clock.after(Math.min(HEARTBEAT_MS, left), () => this.#look(ms));
  }

  /** A message of megabytes may take minutes: its bytes count, and the coordinator hears that this worker lives. */
  #look(ms: number): void {
    const bytes = this.#connection?.bytesRead?.() ?? 0;
    const now = this.#options.clock.now();
    if (bytes > this.#heard.bytes) {
      this.#heard = { at: now, bytes };
      if (this.#incarnation !== undefined) this.#ping(this.#incarnation);
    } else if (now - this.#heard.at >= ms) {
      const sentence = `the coordinator said nothing for ${Math.round(ms / 1000)} s`;
      return this.#lost({ kind: 'unreachable', sentence });
    } else if (this.#isBlind && this.#incarnation !== undefined) {
      this.#ping(this.#incarnation);
    }
    this.#wait(ms);
  }

  /** Whether bytes of a message that is still coming cannot be counted. */
  get #isBlind(): boolean {
    return this.#connection?.bytesRead === undefined;
  }

  #ping(incarnation: number): void {
    this.#say({ type: 'ping', incarnation, id: this.#nextPing++ });
  }

  #lost(failure: Failure): void {
    if (failure.kind === 'refused') return this.#end(failure);
    // Who was about to go does not come back.
    if (this.#isLeaving) return this.#end({ kind: 'left' });
    const { clock, reconnectSeconds, jitter } = this.#options;
    void this.#disconnect();
    this.#tryingSince ??= clock.now();
    const left = this.#tryingSince + reconnectSeconds * 1000 - clock.now();
    if (left <= 0) return this.#end({ kind: 'unreachable', sentence: failure.sentence });
    const backoff = Math.min(LONGEST_RETRY_MS, FIRST_BACKOFF_MS * 2 ** this.#attempts);
    this.#attempts += 1;
    // Half fixed, half random: workers that lost the same coordinator do not come back as one crowd.
    const retryMs = Math.min(left, backoff / 2 + (backoff / 2) * jitter());
    this.#options.notice({ kind: 'lost', sentence: failure.sentence, retryMs });
    this.#isWaitingToRetry = true;
    this.#cancelTimer = clock.after(retryMs, () => this.#open());
  }

  #say(message: WorkerMessage): void {
    this.#connection?.send(encodeFrame(message));
  }

  #disconnect(): Promise<void> {
    this.#cancelTimer();
    this.#isWaitingToRetry = false;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#incarnation = undefined;
    this.#options.disconnected();
    return connection?.close() ?? Promise.resolve();
  }

  #end(outcome: Outcome): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelGrace();
    // Whoever waits for the outcome may end the process: the last results and words must have gone out before.
    void this.#disconnect().then(() => this.#resolve(outcome));
  }
}
