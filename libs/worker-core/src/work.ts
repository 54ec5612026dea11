/**
 * A worker between its compute thread and its coordinator, in any runtime: what is told of both, how long it had no work,
 * and how it leaves. A shell around it supplies thread, connection, clock and what becomes of the events.
 */
import type { DeviceEvent } from '@gradcast/engine';
import { showRate } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import type { Clock, Connect } from './connection.ts';
import type { Compute } from './compute.ts';
import { Session } from './session.ts';
import type { Introduction, Outcome, SecretKeeper, SessionNotice } from './session.ts';

export type WorkNotice =
  SessionNotice | (Omit<DeviceEvent, 'kind'> & { readonly kind: `device-${DeviceEvent['kind']}` });

/** What a worker's log, metrics and people are told. */
export interface WorkEvents {
  /** Something a log should say; `sentence` is there where people should hear of it, too. */
  notice(event: WorkNotice, sentence?: string): void;
  /** A micro-batch was computed. */
  measured(computeMs: number, images: number): void;
  /** So many milliseconds more passed as a member without work. */
  waited(ms: number): void;
}

export interface WorkOptions {
  readonly compute: Compute;
  readonly introduction: Introduction;
  readonly connect: Connect;
  readonly clock: Clock;
  /** A number in [0, 1) for jitter. */
  readonly jitter: () => number;
  /** Seconds of trying again after a connection is lost or cannot be made; 0 tries once, `Infinity` for ever. */
  readonly reconnectSeconds: number;
  /** Seconds that may be taken to finish what was asked for, once the coordinator wants this worker to go. */
  readonly graceSeconds: number;
  readonly events: WorkEvents;
  /** For a worker that comes back as who it was. */
  readonly secret?: SecretKeeper | undefined;
}

/** What people are told of an operator's doings. */
const STATES = {
  running: 'the run goes on',
  paused: 'the run is paused by its operator; this worker waits',
  stopping: 'the run is being stopped',
} as const satisfies Record<MessageOf<'state'>['state'], string>;

/** How often the time without work is added up. */
const WAIT_TICK_MS = 1000;

export class Work {
  readonly #compute: Compute;
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #events: WorkEvents;
  readonly #graceMs: number;
  #isMember = false;
  #isDrained = false;
  /** Compute time since the last tick. */
  #busyMs = 0;
  /** What people were told of last; a trouble that lasts is told once, the log has every try. */
  #trouble: string | undefined;
  #cancelTick = () => {};

  constructor(options: WorkOptions) {
    const { compute, introduction, connect, clock, jitter, reconnectSeconds, graceSeconds, events, secret } = options;
    this.#compute = compute;
    this.#clock = clock;
    this.#events = events;
    this.#graceMs = graceSeconds * 1000;
    this.#session = new Session({
      connect,
      clock,
      jitter,
      introduction,
      reconnectSeconds,
      deliver: (bytes) => compute.deliver(bytes),
      disconnected: () => compute.disconnected(),
      notice: (event) => this.#notice(event),
      secret,
    });
  }

  /** Whether a coordinator counts on this worker. */
  get isMember(): boolean {
    return this.#isMember;
  }

  /** Works until the run is done, the worker leaves, or there is nobody to work for. @returns how it ended; never rejects. */
  async run(): Promise<Outcome> {
    const session = this.#session;
    this.#tick(this.#clock.now());
    session.start();
    this.#compute.attach({
      frame: (bytes) => session.send(bytes),
      idle: () => session.finished(),
      measured: (computeMs, images) => {
        this.#busyMs += computeMs;
        this.#events.measured(computeMs, images);
      },
      device: ({ kind, ...more }) => this.#events.notice({ kind: `device-${kind}`, ...more }, more.sentence),
      failed: (code, sentence) => session.giveUp(code, sentence),
    });
    const outcome = await session.ended;
    this.#cancelTick();
    this.#isMember = false;
    return outcome;
  }

  /** Says goodbye and gives what was asked for a grace in which it may still be finished. */
  leave(reason: string, graceMs: number): void {
    // Who drains a worker may then end its process politely: it is still finishing what it has.
    if (this.#isDrained) return;
    this.#session.leave(reason, { graceMs, busy: this.#compute.busy });
  }

  /** The machine woke up, or its network came back: nothing is waited for that can be tried or asked now. */
  hurry(): void {
    this.#session.hurry();
  }

  #notice(event: SessionNotice): void {
    switch (event.kind) {
      case 'joined':
        this.#isMember = true;
        this.#trouble = undefined;
        return this.#events.notice(event);
      case 'parked': {
        const [takes, needs] = [event.bytesPerSecond, event.neededBytesPerSecond].map(showRate);
        const sentence = `the coordinator has parked this worker: it takes ${takes} and needs ${needs} to keep up`;
        return this.#events.notice(event, sentence);
      }
      case 'state':
        return this.#events.notice(event, STATES[event.state]);
      case 'drain':
        this.#events.notice(event, `the coordinator lets this worker go: ${event.reason}`);
        this.leave(event.reason, this.#graceMs);
        this.#isDrained = true;
        return;
      case 'lost': {
        this.#isMember = false;
        const isNews = event.sentence !== this.#trouble;
        this.#trouble = event.sentence;
        return this.#events.notice(event, isNews ? `${event.sentence}; trying again` : undefined);
      }
      default:
        event satisfies never;
    }
  }

  #tick(last: number): void {
    this.#cancelTick = this.#clock.after(WAIT_TICK_MS, () => {
      const now = this.#clock.now();
      if (this.#isMember) this.#events.waited(Math.max(0, now - last - this.#busyMs));
      this.#busyMs = 0;
      this.#tick(now);
    });
  }
}
