/**
 * A worker's WebSocket in a browser, as the session wants it.
 *
 * The secret of its session opens it for as long as the coordinator knows that; else a ticket does, which the code is
 * exchanged for. A socket that does not open says nothing of why, so the coordinator is asked how its run goes with the same
 * secret: it tells a session that is not known any more from a coordinator that is busy or away.
 */
import type { Connect, Connection, ConnectionEvents, Failure } from '@gradcast/worker-core';
import type { Door } from './door.ts';

/** What is used of a WebSocket. */
export type Socket = Pick<
  WebSocket,
  'binaryType' | 'readyState' | 'send' | 'close' | 'onopen' | 'onmessage' | 'onclose'
>;

/** The secret of a worker's session, kept between its connections. */
export interface KeptSecret {
  value: string | null;
}

export interface ConnectOptions {
  readonly door: Pick<Door, 'ticket' | 'run' | 'code'>;
  readonly secret: KeptSecret;
  /** Opens a socket with these subprotocols. */
  readonly open: (protocols: readonly string[]) => Socket;
  /** Bytes of messages that went up or came down. */
  readonly moved: (direction: 'sent' | 'received', bytes: number) => void;
  readonly after: (ms: number, callback: () => void) => () => void;
}

const OPENING_MS = 15_000;
/** For results that still lie in the socket, and for the other side's close. */
const CLOSE_MS = 5_000;
const OPEN = 1;
const CLOSED = 3;

const ENDED: Failure = { kind: 'unreachable', sentence: 'the connection to the coordinator ended' };
const NO_COORDINATOR: Failure = {
  kind: 'refused',
  code: 'not-a-coordinator',
  sentence: 'what answers there is no Gradcast coordinator',
};

export function browserConnect(options: ConnectOptions): Connect {
  return (events) => {
    const way = new Way(options, events);
    void way.begin();
    return way;
  };
}

class Way implements Connection {
  readonly #options: ConnectOptions;
  readonly #events: ConnectionEvents;
  #socket: Socket | undefined;
  #failure: Failure | undefined;
  #isOver = false;
  #settled: () => void = () => undefined;
  readonly #closed = new Promise<void>((resolve) => (this.#settled = resolve));

  constructor(options: ConnectOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
  }

  async begin(): Promise<void> {
    const { door, secret, open, after } = this.#options;
    const known = secret.value;
    let shown = known;
    if (shown === null) {
      const answer = await door.ticket();
      if ('kind' in answer) return this.#over(answer);
      shown = answer.ticket;
    }
    if (this.#isOver) return this.#over(ENDED);
    let hasOpened = false;
    const socket = open(['gradcast', `gradcast.token.${base64url(shown)}`]);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    const cancel = after(OPENING_MS, () => socket.close());
    socket.onopen = () => {
      hasOpened = true;
      cancel();
      this.#events.opened();
    };
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!(data instanceof ArrayBuffer)) {
        this.#failure = NO_COORDINATOR;
        return socket.close();
      }
      this.#options.moved('received', data.byteLength);
      this.#events.message(new Uint8Array(data));
    };
    socket.onclose = () => {
      cancel();
      if (hasOpened || this.#isOver) return this.#over(this.#failure ?? ENDED);
      void this.#reason(known).then((failure) => this.#over(failure));
    };
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState !== OPEN) return;
    this.#socket.send(bytes);
    this.#options.moved('sent', bytes.byteLength);
  }

  close(): Promise<void> {
    this.#isOver = true;
    const socket = this.#socket;
    // Without a socket what is still asked for comes to nothing.
    if (!socket || socket.readyState === CLOSED) return Promise.resolve();
    const cancel = this.#options.after(CLOSE_MS, this.#settled);
    socket.close(1000);
    return this.#closed.finally(cancel);
  }

  /** Why a socket did not open. */
  async #reason(known: string | null): Promise<Failure> {
    const { door, secret } = this.#options;
    const answer = await door.run(known ?? door.code);
    if ('facts' in answer) return { kind: 'unreachable', sentence: 'the coordinator is there but takes nobody now' };
    if (known === null || answer.kind === 'unreachable') return answer;
    // A coordinator that was started again knows no session: the next try is made with a ticket.
    if (secret.value === known) secret.value = null;
    return { kind: 'unreachable', sentence: 'the coordinator does not know this device any more' };
  }

  #over(failure: Failure): void {
    this.#settled();
    this.#events.closed(failure);
  }
}

function base64url(secret: string): string {
  const bytes = new TextEncoder().encode(secret);
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
