/**
 * A worker that computes nothing: it connects and stays until the coordinator hangs up. FAKE_WORKER: `mortal` dies the
 * first time one is started, `fail` gives a reason and exits 1, `lost` gives a reason and exits 75.
 */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';

const { FAKE_LOG, FAKE_WORKER, GRADCAST_TOKEN = null } = process.env;

function fail(code, sentence, exitCode) {
  process.send({ type: 'failed', code, sentence, exitCode }, () => process.exit(exitCode));
}

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(1));
process.on('message', (message) => {
  appendFileSync(
    FAKE_LOG,
    `${JSON.stringify({ pid: process.pid, message, environmentToken: GRADCAST_TOKEN, argv: process.argv })}\n`,
  );
  if (message.type === 'stop') process.exit(0);
  process.send({ type: 'backend', backend: 'fake', device: 'cpu', sentence: 'takes the fake backend' });
  if (FAKE_WORKER === 'fail') return fail('backend-unavailable', 'the fake backend cannot run', 1);
  if (FAKE_WORKER === 'lost') return fail('coordinator-unreachable', 'nobody answers', 75);
  const marker = `${FAKE_LOG}.died`;
  if (FAKE_WORKER === 'mortal' && message.config.localIndex === 0 && !existsSync(marker)) {
    writeFileSync(marker, '');
    process.kill(process.pid, 'SIGKILL');
  }
  const { port } = new URL(message.config.coordinator);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => process.exit(75)).on('close', () => process.exit(0));
});
