/**
 * A worker behind a link of 900 kB/s, or of as many bytes a second as `TEST_LINKS` says: its snapshot takes longer than any
 * time limit, beside a faster worker it is parked, and alone it does the run's work. Namespaces and shaping need root;
 * elsewhere there is nothing to test with.
 */
import { canShapeLinks, shapeLink, Workbench } from '@gradcast/testing';
import type { ShapedLink } from '@gradcast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const given = Number(process.env['TEST_LINKS']);
const BYTES_PER_SECOND = given > 1 ? given : 900_000;
const TOKEN = { GRADCAST_TOKEN: 'a-token-for-the-slow-link' };
/** Parameters and both moments of the preset, and its average, in bytes. */
const SNAPSHOT_BYTES = 10_779_264;
/** Seconds for a snapshot, four averages and leases. */
const PATIENCE = 60 + (5 * SNAPSHOT_BYTES) / BYTES_PER_SECOND;

describe.skipIf(!canShapeLinks())('a worker behind a slow link', () => {
  let bench: Workbench;
  let link: ShapedLink;
  beforeAll(async () => {
    link = shapeLink(BYTES_PER_SECOND);
    bench = await Workbench.create();
  });
  afterAll(async () => {
    await bench.remove();
    link.remove();
  });

  it(
    'joins, is parked beside a fast one without further snapshots, and works when it is alone',
    async () => {
      const numbers =
        '--preset dcgan --seed 3 --global-batch 32 --micro-batches 2 --no-samples --log-interval 1 --steps 100000';
      const run = bench.start(`coordinator ${numbers} --json --host ${link.address} --port 0 --metrics-port 0`, TOKEN);
      const { url, metricsUrl } = await run.event('listening');
      const snapshots = async () => {
        const text = await (await fetch(metricsUrl)).text();
        const [, bytes] = /wire_bytes_total\{direction="out",message="snapshot"\} (\d+)/.exec(text) ?? [];
        return Math.round(Number(bytes) / SNAPSHOT_BYTES);
      };
      const worker = `worker --coordinator ${url} --reconnect-seconds 0 --name`;
      const fast = bench.start(`${worker} fast`, TOKEN);
      await run.step(3);
      const slow = bench.start(`${worker} slow`, TOKEN, link.within);
      const told = /it takes (\d+) kB\/s and needs ([\d.]+ MB|\d+ kB)\/s to keep up/;
      const [, takes, needs] = told.exec(await slow.said(told, PATIENCE))!;
      expect(Number(takes)).toBeGreaterThan(BYTES_PER_SECOND / 3000);
      expect(Number(takes)).toBeLessThan(BYTES_PER_SECOND / 1000);
      expect(parseFloat(needs) * (needs.endsWith('MB') ? 1000 : 1)).toBeGreaterThan(Number(takes));
      await run.said(/worker slow is parked/, PATIENCE);
      expect(await snapshots()).toBe(2);

      fast.signal('SIGTERM');
      expect(await fast.ended()).toMatchObject({ code: 0 });
      const last = Math.max(...run.events.map((event) => (event.type === 'progress' ? event.step : 0)));
      await run.step(last + 1, PATIENCE);
      expect(await snapshots()).toBe(3);
      expect(run.output).not.toMatch(/was refused/);
      run.signal('SIGTERM');
      expect(await run.ended()).toMatchObject({ code: 143 });
    },
    3000 * PATIENCE,
  );
});
