import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from '@gradcast/metrics';
import { ganTask, tinyPresets } from '@gradcast/gan';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ShutdownDrain, RETURN_MS } from '../membership/drain.ts';
import { FleetHarness } from '../run/fleet-harness.ts';
import { Telemetry } from './telemetry.ts';
import { LineBudget } from '../network/line-budget.ts';

function harness() {
  const telemetry = new Telemetry({
    task: ganTask(Object.values(tinyPresets)[0]),
    logger: pino({ level: 'silent' }),
    tell: () => undefined,
    samplesPerEpoch: 100,
    totalSteps: 1,
    logInterval: 1,
    workerMetricsPort: 0,
    lines: new LineBudget(() => 0),
    now: () => 0,
    wallClock: () => 0,
  });
  const fleet = new FleetHarness({ events: telemetry.fleetEvents() });
  const port: { handler: RequestHandler } = { handler: () => false };
  telemetry.serveOn(port, () => fleet.fleet.workers);
  /** The metrics as Prometheus reads them. */
  const scrape = () =>
    new Promise<string>((resolve) => {
      const response = { writeHead: () => response, setHeader: () => response, end: (text = '') => resolve(text) };
      const request = { method: 'GET', url: '/metrics', headers: { host: 'localhost' } };
      port.handler(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    });
  return { telemetry, fleet, scrape };
}

describe('metrics', () => {
  it('have no series of workers that are gone, however they went', async () => {
    const { fleet, scrape } = harness();
    for (let i = 0; i < 50; i++) {
      const [worker] = fleet.join(`worker-${i}`);
      fleet.fleet.open(fleet.version);
      worker.answer();
      expect(await scrape()).toContain(`worker="worker-${i}"`);
      // Refused: a second hello.
      if (i % 2 === 0) worker.hello();
      worker.socket.hangUp();
      fleet.next();
    }
    expect(await scrape()).not.toContain('worker="worker-');
  });

  it('have no labels that a worker chose', async () => {
    const { fleet, scrape } = harness();
    for (let i = 0; i < 50; i++) {
      const [worker] = fleet.join('a');
      worker.says({ type: 'refuse', code: `made-up-${i}`, sentence: 'so', retry: 'never' });
      worker.socket.hangUp();
    }
    const text = await scrape();
    expect(text).not.toContain('made-up');
    expect(text).toContain('workers_refused_total{reason="other"} 50');
    expect(text).not.toMatch(/results_refused_total\{.*\} [1-9]/);
  });

  it('count a refused result as one, and its worker only if it was refused as well', async () => {
    const { fleet, scrape } = harness();
    const [a] = fleet.join('a');
    fleet.fleet.open(0);
    a.result({ start: 0, size: 4 }, { change: { fingerprint: 'f'.repeat(32) } });
    const text = await scrape();
    expect(text).toContain('results_refused_total{reason="replica-mismatch"} 1');
    expect(text).not.toContain('workers_refused_total{');
  });
});

describe('a scrape', () => {
  it('waits for no step, and for nobody who holds one up', async () => {
    const { fleet, scrape } = harness();
    const [worker] = fleet.join('a');
    fleet.fleet.open(fleet.version);
    // The step is open, and nothing more happens.
    const text = await scrape();
    expect(text).toContain('gradcast_steps_total 0\n');
    worker.answer();
    expect(await scrape()).toContain('gradcast_leases_total{outcome="accepted"} 1\n');
  });

  it('has what alerts hold figures against, and the room that is left', async () => {
    const { telemetry, scrape } = harness();
    expect(await scrape()).not.toMatch(/^gradcast_(checkpoint_timestamp_seconds|disk_free_bytes) /m);
    telemetry.expects({ minWorkers: 3, saveSeconds: 30, savedAt: 1_790_000_000 });
    telemetry.measured({ freeBytes: 5, sizeBytes: 9 });
    const text = await scrape();
    for (const line of [
      'quorum_workers 3',
      'checkpoint_interval_seconds 30',
      'checkpoint_timestamp_seconds 1790000000',
      'disk_free_bytes 5',
      'disk_size_bytes 9',
    ]) {
      expect(text).toContain(`gradcast_${line}\n`);
    }
  });

  it('counts steps in which the model diverged, skipped or not', async () => {
    const { telemetry, scrape } = harness();
    telemetry.skipped(1, 'the loss is not a number');
    telemetry.stream.publish({
      type: 'state',
      from: 'running',
      to: 'draining',
      pausing: false,
      cause: { kind: 'diverged', sentence: 'the loss is not a number' },
    });
    expect(await scrape()).toContain('gradcast_diverged_steps_total 2\n');
  });
});

describe('what is known of profiles', () => {
  it('is bounded, and kept of those whose results are used', () => {
    const { telemetry } = harness();
    const events = telemetry.fleetEvents();
    const join = (name: string) =>
      events.joined({ name, role: 'worker', backend: 'wasm', device: 'cpu', profile: `of ${name}` });
    join('working');
    for (let i = 0; i < 10_000; i++) {
      join(`x${i}`);
      if (i % 1000 === 0) events.lease('accepted', 'working');
    }
    expect([telemetry.profileOf('working'), telemetry.profileOf('x9999')]).toEqual(['of working', 'of x9999']);
    expect(telemetry.profileOf('x0')).toBeUndefined();
  });
});

describe('workers that were lost', () => {
  it('are waited for in bounded memory, and for no longer than they may come', () => {
    const clock = { now: 0 };
    const drain = new ShutdownDrain({ resumed: false, now: () => clock.now });
    for (let i = 0; i < 10_000; i++) drain.lost(`x${i}`);
    expect(drain.expected).toBe(4096);
    clock.now = RETURN_MS;
    drain.lost('last');
    expect(drain.expected).toBe(1);
  });

  it('have the time again in which this process stood still', async () => {
    const harness = new FleetHarness();
    harness.join('a')[0].socket.hangUp();
    let isOver = false;
    void harness.fleet.dismiss('over', 60_000).then(() => (isOver = true));
    harness.clock += 100_000;
    harness.fleet.tick();
    harness.pass(RETURN_MS - 200);
    await Promise.resolve();
    expect(isOver).toBe(false);
    harness.pass(300);
    await Promise.resolve();
    await Promise.resolve();
    expect(isOver).toBe(true);
  });
});
