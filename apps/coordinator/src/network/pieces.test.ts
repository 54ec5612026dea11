import { EventEmitter } from 'node:events';
import { frameLimit } from '@gradcast/protocol';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { watchPieces } from './pieces.ts';
import { Credentials } from './credentials.ts';
import { connectionLimits } from './connections.ts';
import { serve } from './server.ts';

const LARGE = (1 << 20) + 1;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

describe('the pieces of a message', () => {
  function harness() {
    const [stream, socket] = [new EventEmitter(), new EventEmitter()];
    let terminated = 0;
    const whenLarge = watchPieces(stream, Object.assign(socket, { terminate: () => void (terminated += 1) }));
    const arrive = (count: number) => {
      const pieces = Array.from({ length: count }, () => new Uint8Array(100));
      for (const piece of pieces) stream.emit('data', piece);
      return pieces;
    };
    const lengths = (pieces: readonly Uint8Array[]) => pieces.map(({ byteLength }) => byteLength);
    const message = (byteLength: number) => void socket.emit('message', { byteLength });
    /** Bytes of a message that is not complete yet. */
    const begin = (bytes: number) => void stream.emit('data', new Uint8Array(bytes));
    const ended = () => terminated > 0;
    return {
      begin,
      ended,
      whenLarge,
      arrive,
      lengths,
      message,
      control: (event: string) => void socket.emit(event, { byteLength: 0 }),
    };
  }

  it('are freed when it is large, but for the first, which may hold others', () => {
    const { arrive, lengths, message } = harness();
    const pieces = arrive(4);
    message(LARGE);
    expect(lengths(pieces)).toEqual([100, 0, 0, 0]);
  });

  it.each(['ping', 'pong'])('are forgotten at a %s, which may be all that ever comes', (event) => {
    const { arrive, lengths, message, control } = harness();
    const pieces = arrive(3);
    control(event);
    message(LARGE);
    expect(lengths(pieces)).toEqual([100, 100, 100]);
  });

  describe('that may not be large', () => {
    it('end the connection beyond a header and what comes at once', () => {
      const { begin, ended } = harness();
      begin(65_536);
      begin(frameLimit(0));
      expect(ended()).toBe(false);
      begin(1);
      expect(ended()).toBe(true);
    });

    it('end it with pings in between', () => {
      const { begin, ended, control } = harness();
      for (let i = 0; i < 100 && !ended(); i++) {
        begin(1000);
        control('ping');
      }
      expect(ended()).toBe(true);
    });

    it('do not add up over many small ones', () => {
      const { begin, ended, message } = harness();
      for (let i = 0; i < 1000; i++) {
        begin(16_000);
        message(16_000);
      }
      expect(ended()).toBe(false);
    });

    it('are for the coordinator to judge, once it knows the worker', () => {
      const { begin, ended, whenLarge } = harness();
      let may = true;
      whenLarge(() => may);
      for (let i = 0; i < 100; i++) begin(65_536);
      expect(ended()).toBe(false);
      may = false;
      begin(1);
      expect(ended()).toBe(true);
    });
  });

  it('are left alone when it is small', () => {
    const { arrive, lengths, message } = harness();
    const pieces = arrive(3);
    message(10);
    const next = arrive(2);
    message(LARGE);
    expect(lengths([...pieces, ...next])).toEqual([100, 100, 100, 100, 0]);
  });
});

describe('messages of all sizes over a real connection', () => {
  /** The coordinator's server, collecting what it gets, and a client of it. */
  async function connection() {
    const received: Buffer[] = [];
    let wake = () => {};
    const server = await serve({
      limits: connectionLimits(1024),
      place: { host: '127.0.0.1', port: 0 },
      credentials: new Credentials({ credentials: null, local: 'local' }),
      maxPayload: 4_000_000,
      onConnection: ({ socket, whenLarge }) => {
        whenLarge(() => true);
        socket.on('message', (data) => {
          received.push(data as Buffer);
          wake();
        });
        closing.push(() => socket.terminate());
      },
      onRefused: () => undefined,
    });
    closing.push(() => void server.close());
    const client = new WebSocket(server.url);
    closing.push(() => client.terminate());
    await new Promise((resolve) => client.once('open', resolve));
    const takeAll = async (count: number) => {
      while (received.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return received.splice(0);
    };
    return { client, takeAll };
  }

  it('arrive as they were sent, and stay so', async () => {
    const { client, takeAll } = await connection();
    const size = fc.oneof(fc.nat(200), fc.nat(200_000), fc.integer({ min: LARGE - 2, max: 3_000_000 }));
    const message = fc.record({ size, fragments: fc.integer({ min: 1, max: 3 }), first: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), async (messages) => {
        const sent = messages.map(({ size, first }) => Uint8Array.from({ length: size }, (_, i) => first + i * 7));
        for (const [index, { fragments }] of messages.entries()) sendIn(client, sent[index], fragments);
        const got = await takeAll(sent.length);
        expect(got.map((data, index) => data.equals(sent[index]))).toEqual(sent.map(() => true));
      }),
      { numRuns: 15 },
    );
  });
});

/** Sends a message in so many WebSocket fragments. */
function sendIn(client: WebSocket, data: Uint8Array, fragments: number): void {
  const part = Math.ceil(data.length / fragments);
  for (let index = 0; index < fragments; index++) {
    client.send(data.subarray(index * part, (index + 1) * part), { binary: true, fin: index === fragments - 1 });
  }
}
