import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { follow, scrape, Scrape } from './metrics.ts';

const TEXT = `# HELP gradcast_steps_total Steps.
# TYPE gradcast_steps_total counter
gradcast_steps_total 12
gradcast_wire_bytes_total{direction="in",message="result"} 1.5e+7
gradcast_wire_bytes_total{direction="out",message="average"} 3
gradcast_worker_info{name="a \\"b\\", {c}",codec="f32"} 1
`;

test('samples are found by name and labels', () => {
  const found = new Scrape(TEXT);
  expect(found.value('gradcast_steps_total')).toBe(12);
  expect(found.value('gradcast_wire_bytes_total', { message: 'average' })).toBe(3);
  expect(found.value('gradcast_wire_bytes_total', { direction: 'in', message: 'result' })).toBe(1.5e7);
  expect(found.value('gradcast_wire_bytes_total', { message: 'lease' })).toBe(0);
  expect(found.all('gradcast_wire_bytes_total').map(({ labels }) => labels['message'])).toEqual(['result', 'average']);
  expect(found.all('gradcast_worker_info')[0].labels).toEqual({ name: 'a \\"b\\", {c}', codec: 'f32' });
  expect(found.all('gradcast_steps')).toEqual([]);
});

test('follows a process until told to stop; what cannot be read is left out', async () => {
  let asked = 0;
  let seenEnough: () => void;
  const enough = new Promise<void>((resolve) => (seenEnough = resolve));
  const server = createServer((_, response) => {
    asked += 1;
    if (asked === 2) return void response.destroy();
    response.end(`steps ${asked}\n`);
    if (asked === 4) seenEnough();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  const following = follow(1, async (signal) => {
    const steps = (await scrape(url, signal)).value('steps');
    return steps === 1 ? undefined : steps;
  });
  await enough;
  const readings = await following.stop();
  expect(readings[0]).toBe(3);
  const { length } = readings;
  expect(await following.stop()).toHaveLength(length);
});
