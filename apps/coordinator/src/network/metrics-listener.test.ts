import { get } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { endpoints } from '@gradcast/metrics';
import { afterEach, describe, expect, it } from 'vitest';
import { openMetricsListener } from './metrics-listener.ts';
import type { MetricsListener, MetricsListenerOptions } from './metrics-listener.ts';

let listener: MetricsListener | undefined;
const held: Socket[] = [];
afterEach(async () => {
  for (const socket of held.splice(0)) socket.destroy();
  await listener?.close();
  listener = undefined;
});

async function open(changes: Partial<MetricsListenerOptions> = {}): Promise<MetricsListener> {
  const options = { metricsHost: '127.0.0.1', metricsPort: 0, metricsNames: [], healthPort: 0, ...changes };
  return (listener = await openMetricsListener(options));
}

/** Status of a request under a name of the caller's choice. */
async function status(port: number, path: string, host = '127.0.0.1'): Promise<number> {
  const request = get({ host: '127.0.0.1', port, path, headers: { host }, agent: false });
  const [response] = (await once(request, 'response')) as [{ statusCode: number; resume: () => void }];
  response.resume();
  return response.statusCode;
}
const portOf = ({ url }: MetricsListener) => Number(new URL(url).port);

describe('the metrics listener', () => {
  it('says from the first moment that the process lives, and is not ready', async () => {
    const { healthPort, ...opened } = await open();
    for (const port of [healthPort!, Number(new URL(opened.url).port)]) {
      expect(await status(port, '/healthz')).toBe(200);
      expect(await status(port, '/readyz')).toBe(503);
    }
    expect(await status(Number(new URL(opened.url).port), '/metrics')).toBe(503);
  });

  it('answers no request that names another host', async () => {
    const opened = await open({ metricsNames: ['metrics.example.org'] });
    opened.handler = endpoints({ registries: [], notReady: () => undefined, targets: () => [] });
    for (const path of ['/metrics', '/targets', '/healthz', '/nothing']) {
      expect(await status(portOf(opened), path, `evil.example:${portOf(opened)}`)).toBe(403);
    }
    expect(await status(opened.healthPort!, '/healthz', 'evil.example')).toBe(403);
    expect(await status(portOf(opened), '/metrics', 'localhost')).toBe(200);
    expect(await status(portOf(opened), '/metrics', 'metrics.example.org')).toBe(200);
  });

  it('serves health checks and nothing else, and what the run says once it is set up', async () => {
    const opened = await open();
    opened.handler = endpoints({ registries: [], notReady: () => undefined, targets: () => [] });
    expect(await status(opened.healthPort!, '/readyz')).toBe(200);
    for (const path of ['/metrics', '/targets', '/']) expect(await status(opened.healthPort!, path)).toBe(404);
  });

  it('answers health checks while the metrics port is full of connections that say nothing', async () => {
    const opened = await open();
    for (let index = 0; index < 64; index++) {
      const socket = connect(portOf(opened), '127.0.0.1');
      socket.on('error', () => undefined);
      held.push(socket);
      await once(socket, 'connect');
    }
    await expect(status(portOf(opened), '/healthz')).rejects.toThrow();
    expect(await status(opened.healthPort!, '/healthz')).toBe(200);
  });

  it('opens nothing for health checks unless asked, and leaves nothing open where it cannot open both', async () => {
    expect((await open({ healthPort: null })).healthPort).toBeNull();
    const taken = portOf(listener!);
    await expect(
      openMetricsListener({ metricsHost: '127.0.0.1', metricsPort: 0, metricsNames: [], healthPort: taken }),
    ).rejects.toMatchObject({ code: 'metrics-port-in-use' });
  });
});
