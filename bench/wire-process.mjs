/**
 * One process of a bare WebSocket round: no gradient, no check, no file. Started by wire-round.mjs.
 *
 *     node bench/wire-process.mjs server BYTES ROUNDS     tells its port, then the milliseconds of each round
 *     node bench/wire-process.mjs client BYTES URL        answers each message with one of the same size
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { root } from './report.mjs';

// The package as the coordinator has it, its native masking included.
const { WebSocket, WebSocketServer } = createRequire(join(root, 'apps', 'coordinator', 'package.json'))('ws');

const CLIENTS = 2;
const [role, bytes, argument] = process.argv.slice(2);
const message = Buffer.alloc(Number(bytes), 1);
const options = { perMessageDeflate: false, maxPayload: message.byteLength };
if (role === 'server') serve(Number(argument));
else answer(argument);

function serve(rounds) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  const sockets = [];
  const times = [];
  let answers = 0;
  let startedAt = 0;
  const round = () => {
    answers = 0;
    startedAt = performance.now();
    for (const socket of sockets) socket.send(message, { binary: true });
  };
  const onAnswer = () => {
    answers += 1;
    if (answers < CLIENTS) return;
    times.push(performance.now() - startedAt);
    if (times.length < rounds) return round();
    process.send({ times }, () => process.exit(0));
  };
  server.on('connection', (socket, { socket: stream }) => {
    stream.setNoDelay(true);
    sockets.push(socket);
    socket.on('message', onAnswer);
    if (sockets.length === CLIENTS) round();
  });
  server.on('listening', () => process.send({ port: server.address().port }));
}

function answer(url) {
  const socket = new WebSocket(url, options);
  socket.on('message', () => socket.send(message, { binary: true }));
  // The server ends the round by ending.
  socket.on('error', () => undefined);
  socket.on('close', () => process.exit(0));
}
