/** Ways to the join page in a real Chromium: whom they are closed to, and what may stand between it and the coordinator. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Chromium, hasChromium, JoinPage, ReverseProxy, Workbench } from '@gradcast/testing';
import type { GradcastProcess } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Visitor } from './visitor.ts';

type Page = Awaited<ReturnType<Chromium['newTab']>>;

const RUN =
  '--preset dcgan --seed 3 --global-batch 64 --micro-batches 4 --backend wasm --json --metrics-port 0 --port 0';
const ENDLESS = '--steps 100000 --no-samples';
/** An address of documentation (RFC 5737) for somebody behind a proxy. */
const FAR_AWAY = '203.0.113.7';

describe.skipIf(!hasChromium)('the way to the join page in Chromium', () => {
  let bench: Workbench;
  let browser: Chromium;
  const tabs: Page[] = [];
  const proxies: ReverseProxy[] = [];
  const sites: Server[] = [];
  beforeAll(async () => {
    bench = await Workbench.create();
    browser = await Chromium.start();
  });
  afterEach(async () => {
    for (const tab of tabs.splice(0)) await browser.closeTab(tab);
    await bench.endProcesses();
    for (const proxy of proxies.splice(0)) await proxy.close();
    for (const site of sites.splice(0)) {
      site.closeAllConnections();
      await new Promise((resolve) => site.close(resolve));
    }
  });
  afterAll(async () => {
    await browser.close();
    await bench.remove();
  });

  async function tabAt(url: string, options: Parameters<Chromium['newTab']>[0] = {}): Promise<Page> {
    const tab = await browser.newTab(options);
    tabs.push(tab);
    await tab.goto(url);
    return tab;
  }

  async function proxyWith(options: Parameters<typeof ReverseProxy.start>[0]): Promise<ReverseProxy> {
    const proxy = await ReverseProxy.start(options);
    proxies.push(proxy);
    return proxy;
  }

  /** A page of somebody else, at another port of this machine. */
  async function siteWith(body: string): Promise<string> {
    const site = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(body));
    sites.push(site);
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    return `http://localhost:${(site.address() as AddressInfo).port}/`;
  }

  async function linkOf(run: GradcastProcess): Promise<string> {
    return (await run.event('listening')).joinUrl!;
  }

  /** A coordinator that waits for its first worker. */
  function waiting(flags: string): GradcastProcess {
    return bench.start(`coordinator ${RUN} ${ENDLESS} --join ${flags}`);
  }

  /** A run with a worker. */
  function training(flags: string, env: Readonly<Record<string, string>> = {}): GradcastProcess {
    return bench.start(`train ${RUN} --workers 1 --join ${flags}`, env);
  }

  it('is shown in no frame of another page, whatever a proxy leaves of its headers', async () => {
    const proxy = await proxyWith({ drops: (name) => name.startsWith('sec-fetch-') });
    const plain = waiting('--out framed');
    const behind = waiting(`--join-url ${proxy.url} --out framed-behind`);
    proxy.target = (await behind.event('listening')).url;
    for (const link of [await linkOf(plain), await linkOf(behind)]) {
      const tab = await tabAt('about:blank');
      const asked: string[] = [];
      tab.on('request', (request) => asked.push(new URL(request.url()).pathname));
      const failed = tab.waitForEvent('requestfailed', (request) => request.url().endsWith('/join'));
      await tab.goto(await siteWith(`<!doctype html><iframe src="${link}"></iframe>`));
      expect((await failed).failure()?.errorText).toBe('net::ERR_BLOCKED_BY_RESPONSE');
      for (const frame of tab.frames()) expect(await frame.locator('#primary').count()).toBe(0);
      expect(asked).not.toContain('/join/page.js');
      await tab.goto(link);
      expect(await tab.locator('#primary').count()).toBe(1);
      expect(asked).toContain('/join/page.js');
    }
    expect(proxy.paths).toContain('/join');
  });

  it('is the only page that learns of the run or gets in, whatever another knows', async () => {
    const link = await linkOf(waiting('--out foreign'));
    const visitor = new Visitor(link);
    const authorization = `Bearer ${visitor.code}`;
    const known = { url: `${visitor.origin}/join/run`, headers: { authorization } };
    const socket = {
      url: `${visitor.origin.replace('http', 'ws')}/join/socket`,
      protocols: ['gradcast', `gradcast.token.${Buffer.from(await visitor.freshTicket()).toString('base64url')}`],
    };
    const ask = (tab: Page, options: RequestInit) => {
      const asking = `fetch('${known.url}', ${JSON.stringify(options)})`;
      return tab.evaluate(`${asking}.then(({ type, status }) => type + ' ' + status, ({ name }) => name)`);
    };
    const knock = (tab: Page) =>
      tab.evaluate(`new Promise((resolve) => {
        const socket = new WebSocket(${JSON.stringify(socket.url)}, ${JSON.stringify(socket.protocols)});
        socket.onopen = () => resolve('open');
        socket.onclose = () => resolve('refused');
      })`);
    const foreign = await tabAt(await siteWith('<!doctype html>'));
    expect(await ask(foreign, { headers: known.headers })).toBe('TypeError');
    expect(await ask(foreign, { mode: 'no-cors' })).toBe('TypeError');
    expect(await knock(foreign)).toBe('refused');
    const own = await tabAt(link);
    expect(await ask(own, { headers: known.headers })).toBe('basic 200');
    // The ticket is still good: whoever may not come does not use it up.
    expect(await knock(own)).toBe('open');
  });

  it('computes behind a reverse proxy with a path of its own', async () => {
    const proxy = await proxyWith({ prefix: '/gradcast', client: FAR_AWAY });
    const run = training(`${ENDLESS} --join-url ${proxy.url} --trusted-proxies 127.0.0.1 --out proxied`);
    proxy.target = (await run.event('listening')).url;
    const link = await linkOf(run);
    expect(link).toMatch(`${proxy.url}/join#`);
    const page = new JoinPage(await tabAt(link));
    await page.start();
    await page.counts('Used in the model');
    expect(proxy.paths).toEqual(expect.arrayContaining(['/join', '/join/session.js', '/join/ticket', '/join/socket']));
  });

  it('is found where a reverse proxy leaves its path to the coordinator', async () => {
    const proxy = await proxyWith({ prefix: '/deep/gradcast', keepsPrefix: true, client: FAR_AWAY });
    const run = waiting(`--join-url ${proxy.url}/ --trusted-proxies 127.0.0.1 --out kept`);
    proxy.target = (await run.event('listening')).url;
    const page = new JoinPage(await tabAt(await linkOf(run)));
    await page.says('Ready when you are');
    expect(proxy.paths).toContain('/deep/gradcast/join/run');
  });

  it('computes over TLS with a certificate of our own making', async () => {
    const run = training(`${ENDLESS} --host 0.0.0.0 --out tls`, { GRADCAST_CACHE: bench.path('cache') });
    const link = await linkOf(run);
    expect(link).toMatch(/^https:/);
    await expect(tabAt(link)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
    const page = new JoinPage(await tabAt(link, { ignoreHTTPSErrors: true }));
    await page.start();
    await page.counts('Used in the model');
  });
});
