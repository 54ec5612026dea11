/** A fleet of five hundred real connections: joining, working, leaving in the midst of it. Sums are those of one worker. */
import { EXAMPLE } from '@gradcast/definition/example';
import { decodeFromCoordinator } from '@gradcast/protocol';
import type { CoordinatorMessage } from '@gradcast/protocol';
import { afterEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Credentials } from '../network/credentials.ts';
import { FakeWorker, FleetHarness, INCARNATION, treeSum } from './fleet-harness.ts';
import { floatsOf } from '@gradcast/tensors';
import { connectionLimits } from '../network/connections.ts';
import { serve } from '../network/server.ts';
import type { RunningServer } from '../network/server.ts';

const WORKERS = 500;
const LEAVES = 512;
const STEPS = 20;
/** Before this step half of the workers hang up, with leases that they were given ahead. */
const EXODUS = 10;

let server: RunningServer | undefined;
const workers: RealWorker[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) worker.hangUp();
  await server?.close();
});

/** Answers every lease of its version at once, through a socket of its own. */
class RealWorker extends FakeWorker {
  readonly #link: WebSocket;
  #version = -1;
  readonly joined: Promise<void>;
  readonly closed: Promise<void>;

  constructor(url: string, name: string) {
    super(name);
    this.#link = new WebSocket(url, { perMessageDeflate: false });
    this.#link.on('open', () => this.hello());
    this.closed = new Promise((resolve) => this.#link.on('close', () => resolve()));
    this.joined = new Promise((resolve, reject) => {
      this.#link.on('error', reject);
      this.#link.on('message', (data: Buffer) => {
        const received = decodeFromCoordinator(Uint8Array.from(data));
        if (received.message.type === 'lease') this.socket.sent.push(received);
        if (received.message.type === 'refuse') reject(new Error(received.message.sentence));
        this.#receive(received.message);
        if (received.message.type === 'snapshot') resolve();
      });
    });
  }

  override bytes(data: Uint8Array): void {
    this.#link.send(data);
  }

  hangUp(): void {
    this.#link.terminate();
  }

  #receive(message: CoordinatorMessage): void {
    if (message.type === 'welcome') this.ready();
    if (message.type === 'snapshot') this.#reach(message.version);
    if (message.type === 'average') this.#reach(message.version + 1);
    if (message.type === 'lease' && message.version === this.#version) this.answer(message);
    if (message.type === 'ping') this.says({ type: 'pong', incarnation: INCARNATION, id: message.id });
  }

  #reach(version: number): void {
    this.#version = version;
    this.applied(version);
    const due = this.leases.filter((lease) => lease.version === version);
    this.socket.sent.length = 0;
    for (const lease of due) this.answer(lease);
  }
}

it(
  'five hundred workers join, work and leave, and every step has the bits of one worker',
  { timeout: 180_000 },
  async () => {
    const harness = new FleetHarness({
      terms: {
        incarnation: INCARNATION,
        run: 'run-1',
        ...EXAMPLE,
        seed: 7,
        microBatchSize: 2,
        microBatches: LEAVES,
      },
      maxWorkers: WORKERS,
    });
    server = await serve({
      limits: connectionLimits(1024),
      place: { host: '127.0.0.1', port: 0 },
      credentials: new Credentials({ credentials: null, local: 'local' }),
      maxPayload: 10_000,
      onConnection: (connection) => harness.fleet.add(connection),
      onRefused: () => undefined,
    });
    const { url } = server;
    workers.push(...Array.from({ length: WORKERS }, (_, i) => new RealWorker(url, `worker-${i}`)));
    await Promise.all(workers.map(({ joined }) => joined));
    expect(harness.fleet.active).toBe(WORKERS);
    const used = new Set<string>();
    for (let version = 0; version < STEPS; version++) {
      const step = harness.fleet.open(version);
      harness.fleet.prepare(version + 1);
      if (version === EXODUS) {
        const gone = workers.splice(0, WORKERS / 2);
        for (const worker of gone) worker.hangUp();
      }
      const outcome = await step.closed;
      expect(outcome.kind).toBe('sum');
      if (outcome.kind === 'sum') expect(floatsOf(outcome.sum)).toEqual(treeSum(version, { start: 0, size: LEAVES }));
      for (const { worker } of step.history) used.add(worker);
      harness.next();
      harness.fleet.tick();
    }
    expect(used.size).toBe(WORKERS);
    expect(harness.told.filter((told) => /refused|quarantined|expired|mismatch/.test(told))).toEqual([]);
    const rest = workers.splice(0);
    for (const worker of rest) worker.hangUp();
    await Promise.all(rest.map(({ closed }) => closed));
    await expect.poll(() => harness.fleet.workers.length).toBe(0);
  },
);
