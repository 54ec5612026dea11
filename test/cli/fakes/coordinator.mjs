/**
 * A coordinator that knows nothing of training: it listens, waits for FAKE_WORKERS workers at a time and is done, or
 * with FAKE_HOLD waits to be stopped. FAKE_COORDINATOR: `crash` dies when all are there, `deaf` ignores to be stopped,
 * `refuse` fails at once, `busy` exits 75.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';

const { FAKE_LOG, FAKE_WORKERS = '1', FAKE_HOLD, FAKE_COORDINATOR, GRADCAST_TOKEN = null } = process.env;
const sockets = new Set();
const server = createServer();

function finish(status, exitCode) {
  const summary = { status, runId: 'r', runFolder: 'runs/r', steps: 1, targetSteps: 1, images: 32, seconds: 1 };
  const hashes = { parametersSha256: 'aa', stateSha256: 'bb', samples: null, scores: null };
  const rest = { imagesPerSecond: 32, preset: 'mnist', seed: 0, globalBatch: 32, microBatches: 1, workers: 1 };
  const message = {
    type: 'finished',
    exitCode,
    summary: { ...summary, ...hashes, ...rest, backend: 'fake', exact: true },
  };
  process.send(message, () => {
    for (const socket of sockets) socket.end();
    process.exit(exitCode);
  });
}

server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
  if (sockets.size < Number(FAKE_WORKERS)) return;
  const progress = {
    step: 1,
    steps: 1,
    epoch: 1,
    epochs: 1,
    scalars: [{ name: 'loss_g', value: 1, isProgress: true }],
  };
  process.send({ type: 'progress', ...progress, images_per_second: 32, workers: sockets.size, etaSeconds: 0 });
  process.send({ type: 'notice', sentence: 'all here' });
  if (FAKE_COORDINATOR === 'crash') process.kill(process.pid, 'SIGKILL');
  if (!FAKE_HOLD) finish('completed', 0);
});

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(1));
process.on('message', (message) => {
  appendFileSync(
    FAKE_LOG,
    `${JSON.stringify({ pid: process.pid, message, environmentToken: GRADCAST_TOKEN, argv: process.argv })}\n`,
  );
  if (message.type === 'stop') {
    if (FAKE_COORDINATOR !== 'deaf') finish('stopped', message.signal === 'SIGINT' ? 130 : 143);
    return;
  }
  if (message.type === 'local-workers-ended') {
    // As the real one does on a loopback bind, once nobody else is there.
    if (sockets.size === 0) finish('failed', 1);
    return;
  }
  if (FAKE_COORDINATOR === 'refuse') {
    const failed = { type: 'failed', code: 'port-in-use', sentence: 'port 1 is in use', exitCode: 1 };
    process.send(failed, () => process.exit(1));
    return;
  }
  if (FAKE_COORDINATOR === 'busy') {
    finish('abandoned', 75);
    return;
  }
  server.listen(0, '127.0.0.1', () => {
    const url = `ws://127.0.0.1:${server.address().port}`;
    const urls = { url, localUrl: url, metricsUrl: 'http://127.0.0.1:1/metrics' };
    process.send({ type: 'listening', ...urls, runFolder: 'runs/r', resumedFromStep: null, totalSteps: 1 });
  });
});
