/** The port with the join page, asked as browsers, proxies and strangers ask: by real HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connectionLimits } from '../network/connections.ts';
import { Credentials, VOLUNTEER } from '../network/credentials.ts';
import { PageFiles } from '../network/page-files.ts';
import { TrustedProxies } from '../network/proxies.ts';
import { serve } from '../network/server.ts';
import type { RunningServer } from '../network/server.ts';
import { HEADERS } from './join-port.ts';
import { Joining, pageAddress } from './joining.ts';
import type { JoiningOptions } from './joining.ts';
import { JOIN_FILES } from './join-files.ts';

const SESSION = 'ab'.repeat(16);
const FACTS = {
  run: 'r',
  task: null,
  preset: 'mnist',
  step: 4,
  steps: 9,
  imagesPerSecond: 12.5,
  workers: 1,
  volunteers: 2,
  state: 'running',
  share: 0.5,
  exact: true,
  backend: 'wasm',
};

let folder: string;
let server: RunningServer | undefined;
const sockets: WebSocket[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function opened(
  change: Partial<JoiningOptions> & {
    readonly open?: boolean;
    readonly proxies?: readonly string[];
    /** Bytes of `compute.js`. */
    readonly large?: number;
  } = {},
) {
  const { open = false, proxies = [], large = 0, ...options } = change;
  for (const name of Object.keys(JOIN_FILES)) await writeFile(join(folder, name), `the file ${name}`);
  if (large > 0) await writeFile(join(folder, 'compute.js'), Buffer.alloc(large));
  const clock = { now: 0, wall: Date.UTC(2026, 0, 1), volunteers: FACTS.volunteers, dismissed: 0 };
  const credentials = new Credentials({ credentials: open ? null : [], local: 'local-secret-0123456789' });
  const admitted: string[] = [];
  const refused: string[] = [];
  const held: { joining?: Joining } = {};
  const url = options.url ?? null;
  const running = await serve({
    place: { host: '127.0.0.1', port: 0 },
    credentials,
    maxPayload: 1000,
    limits: connectionLimits(64),
    proxies: new TrustedProxies(proxies),
    page: url === null ? undefined : new URL(url),
    onConnection: ({ socket, address, credential }) => {
      admitted.push(`${credential.kind} ${credential.role} ${address}`);
      socket.close(1000);
    },
    onRefused: (_, code) => void refused.push(code),
    onRequest: (...asked) => held.joining?.onRequest(...asked) ?? false,
  });
  server = running;
  const joining = (held.joining = await Joining.open({
    url,
    hours: 1,
    folder,
    files: await PageFiles.read(JOIN_FILES, pathToFileURL(`${folder}/`)),
    listening: running.url,
    guests: {
      credentialOf: (secret) => (secret === SESSION ? VOLUNTEER : undefined),
      dismiss: () => ++clock.dismissed,
    },
    volunteerOf: (secret) => (secret === SESSION ? { leavesUsed: 7, leavesChecked: 3 } : undefined),
    maxVolunteers: 8,
    facts: () => ({ ...FACTS, volunteers: clock.volunteers }),
    sample: () => undefined,
    now: () => clock.now,
    wallClock: () => clock.wall,
    ...options,
  }));
  credentials.welcome((secret) => joining.guest(secret));
  const { port } = new URL(running.url.replace('ws', 'http'));
  const own = `http://127.0.0.1:${port}`;
  const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}) =>
    new Promise<Answered>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      });
      sent.on('error', reject).end(body);
    });
  const code = () => joining.link!.url.split('#')[1];
  /** As the page of the port asks, unless told otherwise. */
  const ticket = (presented: unknown = code(), headers: Record<string, string> = {}) =>
    ask('/join/ticket', {
      method: 'POST',
      headers: { origin: own, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ code: presented }),
    });
  /** 101, or the status with which an upgrade was refused. */
  const upgrade = (secret: string, headers: Record<string, string> = {}) =>
    new Promise<number>((resolve, reject) => {
      const token = `gradcast.token.${Buffer.from(secret).toString('base64url')}`;
      const socket = new WebSocket(`${running.url}/join/socket`, ['gradcast', token], {
        headers: { origin: own, ...headers },
      });
      sockets.push(socket);
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_, response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      socket.on('error', reject);
    });
  const ticketIn = ({ text }: Answered) => (JSON.parse(text) as { ticket: string }).ticket;
  return { joining, clock, ask, code, ticket, ticketIn, upgrade, admitted, refused, own };
}

const codeIn = ({ status, text }: Answered) => `${status} ${(JSON.parse(text) as { code: string }).code}`;

describe('the join page', () => {
  it('and every other answer lets a browser do nothing but what it is for', async () => {
    const { ask, ticket } = await opened();
    const answers = [
      await ask('/join'),
      await ask('/join/page.js'),
      await ask('/join/nothing'),
      await ask('/join/run'),
      await ask('/join/ticket'),
      await ask('/join', { headers: { host: 'evil.example' } }),
      await ticket(),
      await ticket('wrong'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404, 401, 405, 403, 200, 403]);
    for (const { headers } of answers) expect(headers).toMatchObject(HEADERS);
    expect(HEADERS['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(answers[0].text).toBe('the file index.html');
    expect(answers[0].headers['content-type']).toBe('text/html; charset=utf-8');
    for (const { headers } of answers.slice(2)) expect(headers['cache-control']).toBe('no-store');
  });

  it('is found with a slash behind it, and nothing else is', async () => {
    const { ask } = await opened();
    const { status, headers } = await ask('/join/');
    expect([status, headers.location]).toEqual([308, '../join']);
    for (const path of ['/join/../package.json', '/join/%2e%2e/x', '/join/page.js/', '/join//page.js']) {
      expect((await ask(path)).status).toBe(404);
    }
    for (const path of ['/', '/joins', '/metrics', '/other/join']) expect((await ask(path)).status).toBe(426);
  });

  it('is not given out under a name that may be rebound, or to pages of others', async () => {
    const { ask } = await opened();
    const asked = async (headers: Record<string, string>) => codeIn(await ask('/join/page.js', { headers }));
    expect(await asked({ host: 'evil.example:7070' })).toBe('403 host-refused');
    expect(await asked({ origin: 'https://evil.example' })).toBe('403 origin-refused');
  });

  it.each([
    ['a frame', { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' }, 403],
    ['an object', { 'sec-fetch-dest': 'object', 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' }, 403],
    ['a script of another site', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' }, 403],
    ['a script of another port', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-site' }, 403],
    ['a link', { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' }, 200],
    ['the address bar', { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }, 200],
    ['itself', { 'sec-fetch-dest': 'worker', 'sec-fetch-mode': 'same-origin', 'sec-fetch-site': 'same-origin' }, 200],
  ])('asked for by %s is answered as that may', async (_, headers, status) => {
    const { ask } = await opened();
    expect((await ask('/join', { headers: headers as unknown as Record<string, string> })).status).toBe(status);
  });
});

describe('a ticket', () => {
  it('is given for the code and opens one connection, of a volunteer', async () => {
    const { ticket, ticketIn, upgrade, admitted, refused } = await opened();
    const given = await ticket();
    expect(JSON.parse(given.text)).toEqual({ ticket: expect.any(String) as string, seconds: 30 });
    expect(await upgrade(ticketIn(given))).toBe(101);
    expect(await upgrade(ticketIn(given))).toBe(401);
    expect([admitted, refused]).toEqual([['volunteer volunteer 127.0.0.1'], ['token-wrong']]);
  });

  it.each([[false], [true]])('that is forged or has expired opens nothing (anybody may come: %s)', async (open) => {
    const { ticket, ticketIn, upgrade, clock, admitted } = await opened({ open });
    const given = ticketIn(await ticket());
    expect(await upgrade('A'.repeat(22))).toBe(401);
    expect(await upgrade(given.slice(1))).toBe(401);
    clock.now += 30_000;
    expect(await upgrade(given)).toBe(401);
    expect(admitted).toEqual([]);
  });

  it('is not used up by a page that may not have it', async () => {
    const { ticket, ticketIn, upgrade } = await opened();
    const given = ticketIn(await ticket());
    expect(await upgrade(given, { origin: 'https://evil.example' })).toBe(403);
    expect(await upgrade(given, { host: 'evil.example' })).toBe(403);
    expect(await upgrade(given)).toBe(101);
  });

  it('is refused for a code that is wrong, expired or taken back', async () => {
    const { ticket, code, clock, joining } = await opened();
    expect(codeIn(await ticket('wrong'))).toBe('403 join-code-wrong');
    expect(codeIn(await ticket(7))).toBe('400 code-missing');
    clock.wall += 3_600_000;
    expect(codeIn(await ticket())).toBe('403 join-code-expired');
    expect(joining.hasExpired).toBe(true);
    const former = code();
    await joining.renew();
    expect(joining.hasExpired).toBe(false);
    expect(codeIn(await ticket(former))).toBe('403 join-code-wrong');
    const renewed = code();
    expect((await ticket(renewed)).status).toBe(200);
    await joining.revoke();
    expect(joining.link).toBeUndefined();
    expect(codeIn(await ticket(renewed))).toBe('403 join-code-wrong');
  });

  it('is gone with the code, and so is who came by it', async () => {
    const { ticket, ticketIn, upgrade, joining, clock } = await opened();
    const given = ticketIn(await ticket());
    expect(await joining.revoke()).toBe(1);
    expect(clock.dismissed).toBe(1);
    expect(await upgrade(given)).toBe(401);
  });

  it('is for the page of this address alone, and asked for as that asks', async () => {
    const { ask, ticket, code, own } = await opened();
    expect(codeIn(await ticket(code(), { origin: 'https://evil.example' }))).toBe('403 origin-refused');
    expect(codeIn(await ticket(code(), { origin: 'null' }))).toBe('403 origin-refused');
    expect(codeIn(await ticket(code(), { host: 'evil.example' }))).toBe('403 host-refused');
    expect(codeIn(await ticket(code(), { 'content-type': 'text/plain' }))).toBe('415 content-type');
    const post = (headers: Record<string, string>, body: string) =>
      ask('/join/ticket', { method: 'POST', headers, body });
    const body = JSON.stringify({ code: code() });
    expect(codeIn(await post({ 'content-type': 'application/json' }, body))).toBe('403 origin-refused');
    const asPage = { origin: own, 'content-type': 'application/json; charset=utf-8' };
    expect((await post(asPage, body)).status).toBe(200);
    expect(codeIn(await post(asPage, '{'))).toBe('400 code-missing');
    expect(codeIn(await post(asPage, 'null'))).toBe('400 code-missing');
    expect((await post(asPage, `"${'x'.repeat(5000)}"`)).status).toBe(413);
  });

  it('is for no more volunteers than there may be', async () => {
    const { ticket, clock } = await opened();
    clock.volunteers = 7;
    expect((await ticket()).status).toBe(200);
    clock.volunteers = 8;
    expect(codeIn(await ticket())).toBe('503 too-many-volunteers');
  });

  it('is not for who floods, and nobody else waits for it', async () => {
    const { ticket, clock, code } = await opened({ proxies: ['127.0.0.1'] });
    const from = (address: string) => ticket(code(), { 'x-forwarded-for': address });
    let given = 0;
    while ((await from('198.51.100.1')).status === 200) given += 1;
    expect(given).toBe(2 * 8 + 16);
    const flooding = await from('198.51.100.1');
    expect([codeIn(flooding), flooding.headers['retry-after']]).toEqual(['429 too-many-requests', '1']);
    expect((await from('198.51.100.2')).status).toBe(200);
    clock.now += 500;
    expect((await from('198.51.100.1')).status).toBe(200);
    expect((await from('198.51.100.1')).status).toBe(429);
  });
});

describe('a connection', () => {
  it('is given one answer at a time', async () => {
    const { own } = await opened({ large: 1 << 20 });
    const socket = connect(Number(new URL(own).port), '127.0.0.1');
    const ask = (name: string) => `GET /join/${name} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    socket.write(ask('compute.js') + ask('page.js'));
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    await once(socket, 'end');
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 429']);
    expect(text.length).toBeGreaterThan(1 << 20);
  });
});

describe('the secret of a session', () => {
  it('opens a connection again and again', async () => {
    const { upgrade, admitted } = await opened();
    for (let turn = 0; turn < 2; turn++) expect(await upgrade(SESSION)).toBe(101);
    expect(admitted).toEqual(Array(2).fill('volunteer volunteer 127.0.0.1'));
  });
});

describe('what a volunteer may know of a run', () => {
  it('is told for the code, or for the secret of its session', async () => {
    const { ask, code, clock } = await opened();
    const bearing = (secret: string) => ask('/join/run', { headers: { authorization: `Bearer ${secret}` } });
    expect(JSON.parse((await bearing(code())).text)).toEqual({ ...FACTS, you: null, sample: null });
    expect(codeIn(await ask('/join/run'))).toBe('401 join-code-missing');
    expect(codeIn(await bearing('wrong'))).toBe('403 join-code-wrong');
    clock.wall += 3_600_000;
    expect(codeIn(await bearing(code()))).toBe('403 join-code-expired');
    const you = { leavesUsed: 7, leavesChecked: 3 };
    expect(JSON.parse((await bearing(SESSION)).text)).toEqual({ ...FACTS, you, sample: null });
  });

  it('has the newest samples, as they are', async () => {
    const path = join(folder, 'step-000004.png');
    const sample = { step: 4, path };
    const { ask, code } = await opened({ sample: () => sample });
    const headers = { authorization: `Bearer ${code()}` };
    expect(codeIn(await ask('/join/samples.png', { headers }))).toBe('404 no-samples');
    await writeFile(path, 'pixels');
    const answer = await ask('/join/samples.png', { headers });
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([200, 'image/png', 'pixels']);
    expect(JSON.parse((await ask('/join/run', { headers })).text)).toMatchObject({ sample: { step: 4 } });
    expect((await ask('/join/samples.png')).status).toBe(401);
  });
});

describe('behind a reverse proxy', () => {
  const url = 'https://train.example.org/gradcast';
  const headers = { host: 'train.example.org' };

  it('the page has the address that the operator says, with or without the prefix on the way', async () => {
    const { ask, joining, ticket, ticketIn, upgrade, code } = await opened({ url, proxies: ['127.0.0.1'] });
    expect(joining.link!.url).toBe(`${url}/join#${code()}`);
    for (const path of ['/join', '/gradcast/join', '/gradcast/join/page.js']) {
      expect((await ask(path, { headers })).status).toBe(200);
    }
    expect((await ask('/gradcastle/join', { headers })).status).toBe(426);
    const proxied = { ...headers, origin: 'https://train.example.org', 'x-forwarded-for': '198.51.100.1' };
    const given = ticketIn(await ticket(code(), proxied));
    expect(await upgrade(given, proxied)).toBe(101);
  });

  it('a volunteer has its own address, and a stranger none that it makes up', async () => {
    const behind = await opened({ url, proxies: ['127.0.0.1'] });
    const forwarded = { ...headers, origin: 'https://train.example.org', 'x-forwarded-for': '198.51.100.1' };
    expect(await behind.upgrade(SESSION, forwarded)).toBe(101);
    expect(behind.admitted).toEqual(['volunteer volunteer 198.51.100.1']);
    await server?.close();
    const direct = await opened({ url });
    expect(await direct.upgrade(SESSION, forwarded)).toBe(101);
    expect(direct.admitted).toEqual(['volunteer volunteer 127.0.0.1']);
  });

  it('a page that was sent without TLS gets nothing where the proxy says so', async () => {
    const { ask, own } = await opened({ proxies: ['127.0.0.1'] });
    const asked = (origin: string) => ask('/join', { headers: { origin, 'x-forwarded-proto': 'https' } });
    expect((await asked(own.replace('http', 'https'))).status).toBe(200);
    expect((await asked(own)).status).toBe(403);
  });
});

describe('the address of the page', () => {
  it.each([
    ['ws://127.0.0.1:7070', 'http://127.0.0.1:7070'],
    ['wss://0.0.0.0:7070', 'https://192.168.1.5:7070'],
    ['wss://[::]:7070', 'https://192.168.1.5:7070'],
    ['wss://10.0.0.7:443', 'https://10.0.0.7'],
    ['ws://[::1]:7070', 'http://[::1]:7070'],
  ])('for %s is %s', (listening, address) => {
    expect(pageAddress(listening, ['192.168.1.5', '10.0.0.7'])).toBe(address);
  });

  it('is this machine where it has no other', () => {
    expect(pageAddress('wss://0.0.0.0:7', [])).toBe('https://localhost:7');
  });
});
