/**
 * The bare exchange's server: sends one buffer to every socket, waits for one message from each, and again. It is what
 * `ws` can do with the bytes of a step and nothing else: no header is read, no float is touched.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { serveParent, tellParent } from '../harness/child.ts';

export type Asked =
  | {
      readonly type: 'listen';
      /** Of a Unix socket, or null for a port. */
      readonly path: string | null;
      readonly clients: number;
      readonly bytesUp: number;
    }
  | { readonly type: 'exchange'; readonly steps: number; readonly bytesDown: number };

export type Told =
  | { readonly type: 'listening'; readonly url: string }
  /** All clients have come. */
  | { readonly type: 'complete' }
  /** Milliseconds of each step. */
  | { readonly type: 'exchanged'; readonly times: readonly number[] };

const sockets: WebSocket[] = [];
/** Answers that the present step waits for. */
let missing = 0;
let allAnswered: () => void = () => undefined;

serveParent<Asked, Told>({
  listen: async ({ path, clients, bytesUp }) => {
    const http = createServer();
    const server = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: bytesUp });
    server.on('connection', (socket, request) => {
      request.socket.setNoDelay(true);
      sockets.push(socket);
      socket.on('message', () => {
        missing -= 1;
        if (missing === 0) allAnswered();
      });
      if (sockets.length === clients) tellParent({ type: 'complete' } satisfies Told);
    });
    http.listen(path === null ? { host: '127.0.0.1', port: 0 } : { path });
    await once(http, 'listening');
    const address = http.address() as AddressInfo | string;
    return {
      type: 'listening',
      url: typeof address === 'string' ? `ws+unix:${address}:/` : `ws://127.0.0.1:${address.port}`,
    };
  },
  exchange: async ({ steps, bytesDown }) => {
    // Pages that were never written would all be one page of zeros, which costs nothing to read.
    const buffer = new Uint8Array(bytesDown).fill(1);
    const times: number[] = [];
    let begin = performance.now();
    for (let step = 0; step < steps; step++) {
      await exchange(buffer);
      const end = performance.now();
      times.push(end - begin);
      begin = end;
    }
    return { type: 'exchanged', times };
  },
});

function exchange(buffer: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    missing = sockets.length;
    allAnswered = resolve;
    for (const socket of sockets) socket.send(buffer, { binary: true, compress: false });
  });
}
