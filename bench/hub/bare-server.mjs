/**
 * The bare exchange's server: sends one buffer to every socket, waits for one message from each, and again. It is what
 * `ws` can do with the bytes of a step and nothing else: no header is read, no float is touched.
 */
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { WebSocketServer } from 'ws';
import { serveParent } from '../forked.mjs';

const sockets = [];
let server;
let expected = 0;
let allHere;
let missing = 0;
let allAnswered;

serveParent({
  listen: async ({ clients, bytesUp }) => {
    expected = clients;
    const here = new Promise((resolve) => (allHere = resolve));
    server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, maxPayload: bytesUp });
    server.on('connection', (socket, request) => {
      request.socket.setNoDelay(true);
      sockets.push(socket);
      socket.on('message', () => {
        missing -= 1;
        if (missing === 0) allAnswered();
      });
      if (sockets.length === expected) allHere();
    });
    await once(server, 'listening');
    void here.then(() => process.send({ type: 'complete' }));
    return { type: 'listening', url: `ws://127.0.0.1:${server.address().port}` };
  },
  exchange: async ({ steps, bytesDown }) => {
    // Pages that were never written would all be one page of zeros, which costs nothing to read.
    const buffer = new Uint8Array(bytesDown).fill(1);
    const begin = performance.now();
    for (let step = 0; step < steps; step++) await exchange(buffer);
    return { type: 'exchanged', ms: performance.now() - begin };
  },
});

function exchange(buffer) {
  return new Promise((resolve) => {
    missing = expected;
    allAnswered = resolve;
    for (const socket of sockets) socket.send(buffer, { binary: true, compress: false });
  });
}
