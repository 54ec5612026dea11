import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { coordinatorMetrics } from './coordinator.ts';
import type { EndpointOptions } from './endpoints.ts';
import { endpoints } from './endpoints.ts';
import { processMetrics } from './registry.ts';
import type { RequestHandler } from './router.ts';
import type { LocalServer, MetricsServer } from './server.ts';
import { serveLocally, serveMetrics } from './server.ts';

let server: MetricsServer | undefined;
afterEach(() => server?.close());

async function serve(changes: Partial<EndpointOptions> = {}): Promise<string> {
  const { registry } = coordinatorMetrics({ version: '0.1.0', preset: 'mnist' });
  const handler = endpoints({ registries: [registry, processMetrics()], notReady: () => undefined, ...changes });
  server = await serveMetrics({ host: '127.0.0.1', port: 0, handler });
  return `http://127.0.0.1:${server.port}`;
}

describe('endpoints', () => {
  it('serve all registries as text', async () => {
    const response = await fetch(`${await serve()}/metrics?x=1`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    expect(text).toContain('gradcast_steps_total 0');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('say whether the process lives and is ready', async () => {
    let reason: string | undefined = 'No worker is connected.';
    const url = await serve({ notReady: () => reason });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const refused = await fetch(`${url}/readyz`);
    expect([refused.status, await refused.text()]).toEqual([503, 'No worker is connected.\n']);
    reason = undefined;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it('list scrape targets as they are now', async () => {
    const targets = [{ host: '10.0.0.7', port: 9464, labels: { worker: 'w1' } }];
    const url = await serve({ targets: () => targets });
    const first = await fetch(`${url}/targets`);
    expect(first.headers.get('content-type')).toBe('application/json');
    expect(await first.json()).toEqual([{ targets: ['10.0.0.7:9464'], labels: { worker: 'w1' } }]);
    targets[0] = { host: '::1', port: 1, labels: { worker: 'w2' } };
    expect(await (await fetch(`${url}/targets`)).json()).toEqual([{ targets: ['[::1]:1'], labels: { worker: 'w2' } }]);
    targets.length = 0;
    expect(await (await fetch(`${url}/targets`)).json()).toEqual([]);
  });

  it('answer HEAD without a body, refuse other methods, and know no other path', async () => {
    const url = await serve();
    const head = await fetch(`${url}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await fetch(`${url}/metrics`, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    for (const path of ['/', '/targets', '/metrics/x']) expect((await fetch(url + path)).status).toBe(404);
  });

  it('report a registry that fails', async () => {
    const broken = {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      metrics: () => Promise.reject(new Error()),
    } as const;
    expect((await fetch(`${await serve({ registries: [broken] })}/metrics`)).status).toBe(500);
  });
});

describe('serveMetrics', () => {
  it('refuses a port in use and a host that is not here', async () => {
    await serve();
    const handler = () => false;
    await expect(serveMetrics({ host: '127.0.0.1', port: server!.port, handler })).rejects.toMatchObject({
      code: 'metrics-port-in-use',
    });
    await expect(serveMetrics({ host: '192.0.2.1', port: 0, handler })).rejects.toMatchObject({
      code: 'metrics-address',
    });
  });
});

describe.skipIf(process.platform === 'win32')('serveLocally', () => {
  let folder: string;
  let local: LocalServer | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  });
  afterEach(async () => {
    await local?.close();
    local = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  const answers: RequestHandler = ({ url }, response) => {
    if (url === '/stream') response.write('begun');
    else if (url === '/whole') response.end('whole');
    return url !== '/unknown';
  };

  async function listening() {
    const socketPath = join(folder, 's');
    local = await serveLocally(socketPath, answers);
    const ask = (path: string) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        request({ socketPath, path, agent: false }, resolve).on('error', reject).end();
      });
    return { server: local, socketPath, ask };
  }

  it('answers this user alone, one request a connection', async () => {
    const { ask, socketPath } = await listening();
    const whole = await ask('/whole');
    expect([whole.statusCode, whole.headers.connection]).toEqual([200, 'close']);
    expect((await ask('/unknown')).statusCode).toBe(404);
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  });

  it('ends what streams in good order when it closes, and removes the socket', async () => {
    const { server, ask, socketPath } = await listening();
    const response = await ask('/stream');
    const text = readText(response);
    await server.close();
    expect([await text, response.complete]).toEqual(['begun', true]);
    await expect(stat(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(ask('/whole')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('waits no longer than a moment for an answer that does not come', async () => {
    const { server, ask } = await listening();
    const unanswered = expect(ask('/never')).rejects.toMatchObject({ code: 'ECONNRESET' });
    // The server has the first request once it has answered a later one.
    await ask('/whole');
    await server.close();
    await unanswered;
  });

  it('is not where there can be no socket', async () => {
    await expect(serveLocally(join(folder, 'missing', 's'), answers)).rejects.toMatchObject({ code: 'EACCES' });
  });
});

async function readText(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) text += part;
  return text;
}
