/** A session on a test's bench: connections by hand, a clock by hand, and everything it did in lists. */
import { EXAMPLE } from '@gradcast/definition/example';
import { decodeFromWorker, encodeFrame } from '@gradcast/protocol';
import type { CoordinatorMessage, MessageOf, WorkerMessage } from '@gradcast/protocol';
import type { Connect, ConnectionEvents, Failure } from './connection.ts';
import { FakeClock } from './fake-clock.ts';
import { Session } from './session.ts';
import type { Introduction, Outcome, SessionNotice, SessionOptions } from './session.ts';

export const INTRODUCTION: Introduction = {
  backend: 'wasm',
  device: 'cpu',
  profile: { backend: 'wasm' },
  threads: 1,
  name: 'ada',
  metricsPort: null,
};

/** A connection as the coordinator's end sees it. */
export class FakeConnection {
  readonly events: ConnectionEvents;
  /** What the session sent. */
  readonly sent: WorkerMessage[] = [];
  isClosed = false;
  /** Bytes that have arrived, as the session may ask. */
  bytesRead = 0;

  constructor(events: ConnectionEvents) {
    this.events = events;
  }

  says(message: CoordinatorMessage): void {
    this.events.message(encodeFrame(message));
  }

  /** Opens it and welcomes the worker. */
  welcomes(change: Partial<MessageOf<'welcome'>> = {}): void {
    this.events.opened();
    this.says({
      type: 'welcome',
      incarnation: 1,
      run: 'run-1',
      worker: 'ada',
      session: 'ab'.repeat(16),
      ...EXAMPLE,
      silenceSeconds: 30,
      ...change,
    });
  }

  breaks(failure: Failure = { kind: 'unreachable', sentence: 'it broke' }): void {
    this.events.closed(failure);
  }
}

/** Connections that a test opens and breaks. */
export class FakeNetwork {
  readonly connections: FakeConnection[] = [];
  /** As in a browser: nobody can tell what has arrived of a message. */
  isBlind = false;

  readonly connect: Connect = (events) => {
    const connection = new FakeConnection(events);
    this.connections.push(connection);
    return {
      ...(!this.isBlind && { bytesRead: () => connection.bytesRead }),
      send: (bytes) => void connection.sent.push(decodeFromWorker(bytes).message),
      close: () => {
        connection.isClosed = true;
        return Promise.resolve();
      },
    };
  };

  /** The newest connection. */
  get connection(): FakeConnection {
    return this.connections[this.connections.length - 1];
  }
}

export class SessionHarness {
  readonly clock = new FakeClock();
  readonly #network = new FakeNetwork();
  readonly notices: SessionNotice[] = [];
  /** Frames handed to the trainer. */
  readonly delivered: Uint8Array[] = [];
  disconnections = 0;
  jitter = 0.5;
  outcome: Outcome | undefined;
  readonly session: Session;

  constructor({ isBlind = false, ...options }: Partial<SessionOptions> & { readonly isBlind?: boolean } = {}) {
    this.#network.isBlind = isBlind;
    this.session = new Session({
      connect: this.#network.connect,
      clock: this.clock,
      jitter: () => this.jitter,
      introduction: INTRODUCTION,
      reconnectSeconds: 60,
      deliver: (bytes) => void this.delivered.push(bytes),
      disconnected: () => (this.disconnections += 1),
      notice: (event) => void this.notices.push(event),
      ...options,
    });
    void this.session.ended.then((outcome) => (this.outcome = outcome));
    this.session.start();
  }

  get connections(): readonly FakeConnection[] {
    return this.#network.connections;
  }

  /** The newest connection. */
  get connection(): FakeConnection {
    return this.#network.connection;
  }

  /** How the session ended, or undefined while it goes on. */
  async end(): Promise<Outcome | undefined> {
    // A few turns of the queue: the outcome waits for the connection's close.
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    return this.outcome;
  }

  /** Milliseconds of the newest announced retry. */
  get retryMs(): number {
    const last = this.notices.at(-1);
    return last?.kind === 'lost' ? last.retryMs : NaN;
  }
}

/** A session that was welcomed. */
export function memberSession(options: ConstructorParameters<typeof SessionHarness>[0] = {}): SessionHarness {
  const harness = new SessionHarness(options);
  harness.connection.welcomes();
  return harness;
}
