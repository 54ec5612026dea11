import type { Failure } from '@gradcast/worker-core';
import { describe, expect, it } from 'vitest';
import { browserConnect } from './connect.ts';
import type { KeptSecret, Socket } from './connect.ts';
import type { Door } from './door.ts';
import { ANSWER } from './for-tests/answer.ts';
import { factsOf } from './run-facts.ts';

/** A socket whose other end a test plays. */
class FakeSocket implements Socket {
  readonly protocols: readonly string[];
  readonly sent: unknown[] = [];
  binaryType: BinaryType = 'blob';
  readyState: Socket['readyState'] = 0;
  closing = false;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;

  constructor(protocols: readonly string[]) {
    this.protocols = protocols;
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(): void {
    this.closing = true;
  }

  opens(): void {
    this.readyState = 1;
    this.#call(this.onopen, {});
  }

  says(data: unknown): void {
    this.#call(this.onmessage, { data });
  }

  ends(): void {
    this.readyState = 3;
    this.#call(this.onclose, {});
  }

  #call(listener: unknown, event: object): void {
    (listener as ((event: object) => void) | null)?.(event);
  }
}

const UNREACHABLE: Failure = { kind: 'unreachable', sentence: 'the coordinator cannot be reached' };
const WRONG: Failure = { kind: 'refused', code: 'join-code-wrong', sentence: 'this link is not that of the run' };
const FACTS = { facts: factsOf(ANSWER)! };

interface Stage {
  readonly secret?: string;
  readonly ticket?: Awaited<ReturnType<Door['ticket']>>;
  readonly run?: Awaited<ReturnType<Door['run']>>;
}

/** A connection that is being made; its timers ring when a test says so. */
async function connecting({ secret: former, ticket = { ticket: 'T' }, run = FACTS }: Stage = {}) {
  const asked: string[] = [];
  const events: unknown[] = [];
  const timers: (() => void)[] = [];
  const bytes = { sent: 0, received: 0 };
  const sockets: FakeSocket[] = [];
  const secret: KeptSecret = { value: former ?? null };
  const connect = browserConnect({
    door: {
      code: 'the-code',
      ticket: () => {
        asked.push('ticket');
        return Promise.resolve(ticket);
      },
      run: (shown) => {
        asked.push(`run ${shown}`);
        return Promise.resolve(run);
      },
    },
    secret,
    open: (protocols) => {
      const socket = new FakeSocket(protocols);
      sockets.push(socket);
      return socket;
    },
    moved: (direction, count) => (bytes[direction] += count),
    after: (_, callback) => {
      timers.push(callback);
      return () => void timers.splice(timers.indexOf(callback), 1);
    },
  });
  const connection = connect({
    opened: () => events.push('opened'),
    message: (message) => events.push(message),
    closed: (failure) => events.push(failure),
  });
  await turns();
  return { connection, asked, events, timers, bytes, sockets, secret };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await Promise.resolve();
}

const shownIn = ({ protocols: [name, token] }: FakeSocket) => {
  expect(name).toBe('gradcast');
  return Buffer.from(token.replace('gradcast.token.', ''), 'base64url').toString();
};

describe('a connection of a browser', () => {
  it('is opened by a ticket, and carries bytes both ways', async () => {
    const { connection, asked, events, sockets, bytes } = await connecting({ ticket: { ticket: 'tick?>t' } });
    const [socket] = sockets;
    expect([asked, shownIn(socket)]).toEqual([['ticket'], 'tick?>t']);
    connection.send(Uint8Array.of(9));
    expect(socket.sent).toEqual([]);
    socket.opens();
    connection.send(Uint8Array.of(1, 2));
    socket.says(Uint8Array.of(3, 4, 5).buffer);
    expect(events).toEqual(['opened', Uint8Array.of(3, 4, 5)]);
    expect(socket.sent).toEqual([Uint8Array.of(1, 2)]);
    expect(bytes).toEqual({ sent: 2, received: 3 });
    socket.ends();
    expect(events.at(-1)).toEqual({ kind: 'unreachable', sentence: 'the connection to the coordinator ended' });
  });

  it('is opened by the secret of a session, without a ticket', async () => {
    const { asked, sockets } = await connecting({ secret: 'ab'.repeat(16) });
    expect([asked, shownIn(sockets[0])]).toEqual([[], 'ab'.repeat(16)]);
  });

  it('is not tried without a ticket', async () => {
    const { events, sockets } = await connecting({ ticket: WRONG });
    expect([events, sockets]).toEqual([[WRONG], []]);
  });

  it('that speaks text is none to a coordinator', async () => {
    const { events, sockets } = await connecting();
    sockets[0].opens();
    sockets[0].says('hello');
    expect(sockets[0].closing).toBe(true);
    sockets[0].ends();
    expect(events.at(-1)).toMatchObject({ kind: 'refused', code: 'not-a-coordinator' });
  });
});

describe('a socket that does not open', () => {
  it('with the secret of a session that nobody knows any more makes place for a ticket', async () => {
    const { asked, events, sockets, secret } = await connecting({ secret: 'S', run: WRONG });
    sockets[0].ends();
    await turns();
    expect(asked).toEqual(['run S']);
    expect(events).toEqual([{ kind: 'unreachable', sentence: 'the coordinator does not know this device any more' }]);
    expect(secret.value).toBeNull();
  });

  it.each([
    ['nobody answers', UNREACHABLE, UNREACHABLE.sentence],
    ['the session is known', FACTS, 'the coordinator is there but takes nobody now'],
  ])('keeps the secret of its session where %s', async (_, run, sentence) => {
    const { events, sockets, secret } = await connecting({ secret: 'S', run });
    sockets[0].ends();
    await turns();
    expect(events).toEqual([{ kind: 'unreachable', sentence }]);
    expect(secret.value).toBe('S');
  });

  it('with a ticket ends for good if the code is refused meanwhile', async () => {
    const { asked, events, sockets } = await connecting({ run: WRONG });
    sockets[0].ends();
    await turns();
    expect([asked, events]).toEqual([['ticket', 'run the-code'], [WRONG]]);
  });

  it('is given up after a while', async () => {
    const { sockets, timers } = await connecting();
    expect(timers).toHaveLength(1);
    timers[0]();
    expect(sockets[0].closing).toBe(true);
  });

  it('has no timer left once it is open', async () => {
    const { sockets, timers } = await connecting();
    sockets[0].opens();
    expect(timers).toEqual([]);
  });
});

describe('closing', () => {
  it('waits for the other side, but not for ever', async () => {
    const { connection, sockets, timers } = await connecting();
    sockets[0].opens();
    let isClosed = false;
    void connection.close().then(() => (isClosed = true));
    await turns();
    expect([sockets[0].closing, isClosed]).toEqual([true, false]);
    timers[0]();
    await turns();
    expect(isClosed).toBe(true);
  });

  it('before there is a socket makes none', async () => {
    let answer: (ticket: { readonly ticket: string }) => void = () => undefined;
    const ticket = new Promise<{ readonly ticket: string }>((resolve) => (answer = resolve));
    const { connection, sockets, events } = await connecting({ ticket: ticket as never });
    await connection.close();
    answer({ ticket: 'late' });
    await turns();
    expect([sockets, events]).toEqual([[], [expect.objectContaining({ kind: 'unreachable' })]]);
  });

  it('a socket that is not open yet asks nobody why', async () => {
    const { connection, sockets, asked } = await connecting();
    const closed = connection.close();
    sockets[0].ends();
    await closed;
    expect(asked).toEqual(['ticket']);
  });
});
