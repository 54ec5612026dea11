/** The port with the page on which people watch, asked as browsers, proxies and strangers ask: by real HTTP. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionLimits } from '../network/connections.ts';
import { Credentials } from '../network/credentials.ts';
import { PageFiles } from '../network/page-files.ts';
import { TrustedProxies } from '../network/proxies.ts';
import { serve } from '../network/server.ts';
import type { RunningServer } from '../network/server.ts';
import { EventStream } from '../records/event-stream.ts';
import { Acts } from '../run/acts.ts';
import { RunControl } from '../run/control.ts';
import { RunFiles } from './run-files.ts';
import { HEADERS, viewPort } from './view-port.ts';
import { VIEW_FILES } from './view-files.ts';
import { LINK_HOLDER, ViewSessions } from './view-sessions.ts';
import { Viewers } from './viewers.ts';

const TOKEN = 'ann-s3cret-0123456789';
const OPERATOR = 'oz-s3cret-0123456789x';
const LINK = 'link-s3cret-0123456789';
const PEOPLE = [
  { name: 'ann', role: 'viewer', secret: TOKEN },
  { name: 'oz', role: 'operator', secret: OPERATOR },
] as const;
type RunFleet = ConstructorParameters<typeof Acts>[0]['fleet'];
const HOLDER = { name: LINK_HOLDER, role: 'operator', secret: LINK } as const;

let folder: string;
let server: RunningServer | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  await mkdir(join(folder, 'page'));
  await mkdir(join(folder, 'run', 'samples'), { recursive: true });
  await mkdir(join(folder, 'run', 'checkpoints'));
  await mkdir(join(folder, 'run', 'ledger'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** @param steered by whom: operators with tokens, or whoever has the run's own secret where everybody may watch. */
async function opened({
  withToken = false,
  proxies = [] as string[],
  steered = false,
  now = () => performance.now(),
} = {}) {
  for (const name of Object.keys(VIEW_FILES)) await writeFile(join(folder, 'page', name), `the file ${name}`);
  const run = join(folder, 'run');
  const stream = new EventStream({ wallClock: () => 0 });
  const stand = { state: 'running', pausing: false, step: 1, steps: 2, imagesPerSecond: 1, etaSeconds: null };
  const viewers = new Viewers({
    stream,
    stand: () => ({ time: 0, ...stand, workers: [], more: 0, phases: null, open: null }),
    now: () => performance.now(),
  });
  const control = new RunControl();
  control.apply({ kind: 'ready' });
  control.apply({ kind: 'quorum-reached' });
  const done: string[] = [];
  control.onChange((_, __, cause) => {
    if (cause.kind === 'operator') done.push(`${cause.operation} by ${cause.by}`);
  });
  const fleet = {
    workers: [],
    drain: (worker: string, by: string) => {
      if (worker !== 'bob') return 'unknown';
      done.push(`drain ${worker} by ${by}`);
      return 'asked';
    },
  } satisfies RunFleet;
  const acts = new Acts({ control, fleet, stream, step: () => 2, steps: 9, minWorkers: 1 });
  const refused: string[] = [];
  const onRefused = (code: string, who: string) => void refused.push(`${code} ${who}`);
  const people = withToken ? PEOPLE : [HOLDER];
  const sessions =
    withToken || steered ? new ViewSessions({ people, run: 'r', path: '/view', wallClock: Date.now }) : undefined;
  const answer = viewPort({
    isOpen: !withToken,
    steering: steered && sessions ? { sessions, acts, run: 'r', onRefused } : undefined,
    files: await PageFiles.read(VIEW_FILES, pathToFileURL(`${folder}/page/`)),
    sessions,
    viewers,
    snapshot: () => Promise.resolve('{"seq":0}'),
    runFiles: new RunFiles({ folder: run, run: 'r' }),
    prefix: '',
    now,
  });
  const credentials = new Credentials({
    credentials: [{ name: 'ann', role: 'viewer', secret: TOKEN }],
    local: 'local-secret-0123456789',
  });
  server = await serve({
    place: { host: '127.0.0.1', port: 0 },
    credentials,
    maxPayload: 1000,
    limits: { ...connectionLimits(4), answerMs: 300 },
    proxies: new TrustedProxies(proxies),
    onConnection: ({ socket }) => socket.close(1000),
    onRefused: () => undefined,
    onRequest: answer,
  });
  const { port } = new URL(server.url.replace('ws', 'http'));
  const own = `http://127.0.0.1:${port}`;
  const open = (path: string, { method = 'GET', headers = {}, body }: Asked = {}) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, method, headers, agent: false }, resolve).on('error', reject).end(body);
    });
  const ask = async (path: string, asked: Asked = {}) => {
    const response = await open(path, asked);
    let text = '';
    for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) text += part;
    return { status: response.statusCode!, headers: response.headers, text };
  };
  const session = (token: string, headers: Record<string, string> = { origin: own }) =>
    ask('/view/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    });
  /** Asks as our page does. */
  const act = (what: string, body: object = {}, headers: Record<string, string> = {}) =>
    ask(`/view/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: own, ...headers },
      body: JSON.stringify(body),
    });
  return { ask, open, session, act, own, stream, viewers, run, control, done, refused };
}

const codeIn = ({ status, text }: { status: number; text: string }) =>
  `${status} ${(JSON.parse(text) as { code: string }).code}`;
const cookieIn = ({ headers }: { headers: IncomingHttpHeaders }) => ({
  cookie: headers['set-cookie']![0].split(';')[0],
});

describe('the page', () => {
  it('and every other answer lets a browser do nothing but what it is for', async () => {
    const { ask } = await opened();
    const answers = [
      await ask('/'),
      await ask('/view/page.js'),
      await ask('/view/snapshot'),
      await ask('/view/nothing'),
      await ask('/', { headers: { host: 'evil.example' } }),
      await ask('/view/snapshot', { method: 'POST' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 403, 405]);
    for (const { headers } of answers) expect(headers).toMatchObject(HEADERS);
    const policy = HEADERS['content-security-policy'];
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      'require-trusted-types-for',
    ])
      expect(policy).toContain(rule);
    expect(policy).not.toMatch(/unsafe|data:|blob:|\*/);
    expect(answers[0].text).toBe('the file index.html');
    expect((await ask('/join')).status).toBe(426);
  });

  it('is nothing to pages of others, names that may be rebound, or whoever comes by a proxy', async () => {
    const { ask } = await opened();
    const asked = async (headers: Record<string, string>) => codeIn(await ask('/view/snapshot', { headers }));
    expect(await asked({ host: 'evil.example:7070' })).toBe('403 host-refused');
    expect(await asked({ origin: 'https://evil.example' })).toBe('403 origin-refused');
    expect(await asked({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe('403 origin-refused');
    expect(await asked({ 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' })).toBe('403 frame-refused');
    expect(await asked({ 'x-forwarded-for': '1.2.3.4' })).toBe('403 view-token');
    expect(await asked({ forwarded: 'for=1.2.3.4' })).toBe('403 view-token');
  });
});

describe('with a token', () => {
  it('nothing of the run is told before it was shown, and then by its cookie', async () => {
    const { ask, session, run } = await opened({ withToken: true });
    await writeFile(join(run, 'config.json'), '{}');
    const paths = ['/view/snapshot', '/view/events', '/view/files/config.json', '/view/files/grid?number=1'];
    for (const path of paths) expect(codeIn(await ask(path))).toBe('401 view-token');
    expect((await ask('/')).status).toBe(200);
    expect(codeIn(await session('wrong-s3cret-0123456789'))).toBe('403 view-token');
    const given = await session(TOKEN);
    expect([given.status, given.headers['set-cookie']![0]]).toEqual([200, expect.not.stringContaining('Secure')]);
    const headers = cookieIn(given);
    expect((await ask('/view/snapshot', { headers })).text).toBe('{"you":{"name":"ann","steering":"off"},"seq":0}');
    expect((await ask('/view/files/config.json', { headers })).text).toBe('{}');
    expect(codeIn(await ask('/view/snapshot', { headers: { cookie: `${headers.cookie}x` } }))).toBe('401 view-token');
    // A cookie alone is nothing that another site may use.
    expect(codeIn(await ask('/view/snapshot', { headers: { ...headers, origin: 'https://evil.example' } }))).toBe(
      '403 origin-refused',
    );
  });

  it('is asked for by our own page alone, and not tried for long', async () => {
    const { session } = await opened({ withToken: true });
    expect(codeIn(await session(TOKEN, {}))).toBe('403 origin-refused');
    expect(codeIn(await session(TOKEN, { origin: 'https://evil.example' }))).toBe('403 origin-refused');
    const tries = await Promise.all(Array.from({ length: 40 }, () => session('wrong-s3cret-0123456789')));
    expect(tries.filter(({ status }) => status === 429).length).toBeGreaterThan(20);
  });

  it('comes by TLS as a cookie for TLS alone, and through a proxy that is trusted', async () => {
    const { session, own } = await opened({ withToken: true, proxies: ['127.0.0.1'] });
    const given = await session(TOKEN, { origin: own.replace('http', 'https'), 'x-forwarded-proto': 'https' });
    expect(given.headers['set-cookie']![0]).toMatch(/; Secure$/);
  });
});

describe('files of the run', () => {
  it('are those of a fixed list and numbers, each as it is', async () => {
    const { ask, run } = await opened();
    await writeFile(join(run, 'ledger.jsonl'), 'the ledger\n');
    await writeFile(join(run, 'metrics.jsonl'), '');
    await writeFile(join(run, 'samples', 'step-000040.png'), 'a grid');
    await writeFile(join(run, 'checkpoints', 'step-000040.safetensors'), 'a checkpoint');
    await writeFile(join(run, 'ledger', '000001.jsonl.gz'), 'a part');
    const ledger = await ask('/view/files/ledger.jsonl');
    expect([ledger.text, ledger.headers['content-disposition'], ledger.headers['content-length']]).toEqual([
      'the ledger\n',
      'attachment; filename="r-ledger.jsonl"',
      '11',
    ]);
    expect((await ask('/view/files/ledger.jsonl', { method: 'HEAD' })).headers['content-length']).toBe('11');
    expect((await ask('/view/files/metrics.jsonl')).text).toBe('');
    const grid = await ask('/view/files/grid?number=40');
    expect([grid.text, grid.headers['content-type']]).toEqual(['a grid', 'image/png']);
    expect((await ask('/view/files/checkpoint?number=40')).text).toBe('a checkpoint');
    expect((await ask('/view/files/ledger-part?number=1')).text).toBe('a part');
    expect(codeIn(await ask('/view/files/summary.json'))).toBe('404 no-such-file');
    expect(codeIn(await ask('/view/files/grid?number=41'))).toBe('404 no-such-file');
  });

  it('are nothing else, however they are asked for', async () => {
    const { ask, run } = await opened();
    await writeFile(join(folder, 'secret'), 'secret');
    await writeFile(join(run, 'join-code'), 'secret');
    await writeFile(join(run, 'steering-secret'), 'secret');
    await symlink(join(folder, 'secret'), join(run, 'ledger.jsonl'));
    await symlink(join(folder, 'secret'), join(run, 'samples', 'step-000001.png'));
    await mkdir(join(run, 'events.jsonl'));
    for (const path of [
      'join-code',
      'steering-secret',
      'ledger.jsonl',
      'events.jsonl',
      '../secret',
      '..%2fsecret',
      '%2e%2e/secret',
      'config.json/../../../secret',
      'grid?number=1',
      'grid?number=../../secret',
      'grid?number=1%00',
      'grid?number=-1',
      'grid?number=1e0',
      'grid',
      'checkpoint?number=99999999999999999999',
      'samples/step-000001.png',
    ]) {
      const { status, text } = await ask(`/view/files/${path}`);
      expect([path, [400, 404].includes(status), text.includes('secret\n') || text === 'secret']).toEqual([
        path,
        true,
        false,
      ]);
    }
  });
});

describe('events', () => {
  it('come as they happen, behind the number that is asked for, for longer than other answers may take', async () => {
    const { open, stream, viewers } = await opened();
    for (let step = 1; step <= 3; step++) stream.publish({ type: 'saved', step, seconds: 0 });
    const response = await open('/view/events?after=1', { headers: { 'last-event-id': '2' } });
    let heard = '';
    response.setEncoding('utf8').on('data', (text: string) => (heard += text));
    expect(response.headers['content-type']).toBe('text/event-stream');
    await expect.poll(() => heard).toContain('id: 3\n');
    expect(heard).not.toContain('id: 2\n');
    await new Promise((resolve) => setTimeout(resolve, 600));
    stream.publish({ type: 'saved', step: 4, seconds: 0 });
    await expect.poll(() => heard).toContain('id: 4\n');
    response.destroy();
    await expect.poll(() => viewers.size).toBe(0);
  });

  it('are not for who asks for no number, nor for more than there is room for', async () => {
    const { ask, open } = await opened();
    expect(codeIn(await ask('/view/events?after=x'))).toBe('400 number-invalid');
    const all = await Promise.all(Array.from({ length: 33 }, () => open('/view/events')));
    expect(all.filter(({ statusCode }) => statusCode === 503)).toHaveLength(1);
    for (const response of all) response.destroy();
  });
});

/** A run that operators steer, with what they send. */
async function steered(withToken = true, now?: () => number) {
  const port = await opened({ withToken, steered: true, ...(now && { now }) });
  const cookieOf = async (token: string) => cookieIn(await port.session(token));
  const operator = await cookieOf(withToken ? OPERATOR : LINK);
  return { ...port, operator, cookieOf };
}

describe('an operator', () => {
  it('pauses, resumes, drains and stops, each in its name, and is told what came of it', async () => {
    const { act, operator, done, refused } = await steered();
    const said = async (what: string, body: object = {}) => {
      const { status, text } = await act(what, body, operator);
      const { changed, state, pausing } = JSON.parse(text) as Record<string, unknown>;
      return [status, changed, state, pausing];
    };
    expect(await said('pause')).toEqual([200, true, 'running', true]);
    expect(await said('pause')).toEqual([200, false, 'running', true]);
    expect(await said('resume')).toEqual([200, true, 'running', false]);
    expect(await said('drain', { worker: 'bob' })).toEqual([200, true, 'running', false]);
    expect(await said('stop', { confirm: 'r' })).toEqual([200, true, 'stopping', false]);
    expect(done).toEqual(['pause by oz', 'resume by oz', 'drain bob by oz', 'stop by oz']);
    expect(refused).toEqual([]);
    expect(codeIn(await act('pause', {}, operator))).toBe('409 run-ending');
  });

  it('may be whoever has the secret of the run, where everybody may watch', async () => {
    const { act, ask, session, operator, done } = await steered(false);
    const you = async (headers: Record<string, string>) =>
      (JSON.parse((await ask('/view/snapshot', { headers })).text) as { you: object }).you;
    expect(await you({})).toEqual({ name: null, steering: 'others' });
    expect(await you(operator)).toEqual({ name: null, steering: 'yours' });
    expect((await act('pause', {}, operator)).status).toBe(200);
    expect(codeIn(await act('resume'))).toBe('401 view-token');
    expect(codeIn(await session('wrong-s3cret-0123456789'))).toBe('403 view-token');
    expect(codeIn(await act('pause', {}, { ...operator, 'x-forwarded-for': '1.2.3.4' }))).toBe('403 view-token');
    expect(done).toEqual(["pause by the page's link"]);
  });

  it('is told from viewers, by the snapshot as well', async () => {
    const { ask, session, operator, cookieOf } = await steered();
    expect((await session(OPERATOR)).text).toBe('{"role":"operator"}\n');
    expect((await session(TOKEN)).text).toBe('{"role":"viewer"}\n');
    const you = async (headers: Record<string, string>) => (await ask('/view/snapshot', { headers })).text;
    expect(await you(operator)).toContain('{"name":"oz","steering":"yours"}');
    expect(await you(await cookieOf(TOKEN))).toContain('{"name":"ann","steering":"others"}');
  });

  it('must mean it to stop, and know whom it drains', async () => {
    const { act, operator, control, done } = await steered();
    for (const body of [{}, { confirm: true }, { confirm: 'another' }, { confirm: null }, []]) {
      expect(codeIn(await act('stop', body, operator))).toBe('400 not-confirmed');
    }
    expect(codeIn(await act('drain', {}, operator))).toBe('400 worker-missing');
    expect(codeIn(await act('drain', { worker: 'eve' }, operator))).toBe('404 worker-unknown');
    expect([control.state.name, done]).toEqual(['running', []]);
  });

  it('acts as often as somebody presses, whoever else tries from the same address', async () => {
    const clock = { now: 0 };
    const { act, operator, refused } = await steered(true, () => clock.now);
    for (let i = 0; i < 40; i++) await act('pause');
    expect(refused.filter((each) => each.startsWith('too-many-requests'))).toHaveLength(24);
    const tries = [];
    for (let i = 0; i < 20; i++) tries.push((await act('resume', {}, operator)).status);
    expect(tries).toEqual([...Array<number>(16).fill(200), ...Array<number>(4).fill(429)]);
    clock.now += 2000;
    expect((await act('resume', {}, operator)).status).toBe(200);
  });
});

describe('nobody else', () => {
  it('steers: not without an own Origin, as JSON, by POST, with an operator\u2019s cookie', async () => {
    const { ask, act, own, operator, cookieOf, control, done, refused } = await steered();
    const viewer = await cookieOf(TOKEN);
    const json = { 'content-type': 'application/json' };
    const post = async (headers: Record<string, string>) =>
      codeIn(await ask('/view/pause', { method: 'POST', headers, body: '{}' }));
    expect(await post({ ...json, ...operator })).toBe('403 origin-refused');
    expect(await post({ ...json, ...operator, origin: 'https://evil.example' })).toBe('403 origin-refused');
    expect(await post({ ...json, ...operator, origin: 'null' })).toBe('403 origin-refused');
    // Another port of the same host is the same site to a browser, which sends the cookie along.
    expect(await post({ ...json, ...operator, origin: 'http://127.0.0.1:1' })).toBe('403 origin-refused');
    expect(
      await post({ ...json, ...operator, origin: own, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }),
    ).toBe('403 origin-refused');
    expect(await post({ ...json, ...operator, origin: own, host: 'evil.example' })).toBe('403 host-refused');
    expect(await post({ ...operator, origin: own, 'content-type': 'text/plain' })).toBe('415 content-type');
    expect(codeIn(await act('pause'))).toBe('401 view-token');
    expect(codeIn(await act('pause', {}, viewer))).toBe('403 not-operator');
    expect(codeIn(await act('stop', { confirm: 'r' }, viewer))).toBe('403 not-operator');
    expect((await ask('/view/pause', { headers: operator })).status).toBe(405);
    expect([control.state.pausing, done]).toEqual([false, []]);
    expect(refused).toEqual([
      'origin-refused oz',
      'origin-refused 127.0.0.1',
      'origin-refused 127.0.0.1',
      'origin-refused 127.0.0.1',
      'origin-refused 127.0.0.1',
      'host-refused 127.0.0.1',
      'content-type oz',
      'view-token nobody known',
      'not-operator ann',
      'not-operator ann',
    ]);
  });

  it('has a cookie: not one that is forged, nor that of another run', async () => {
    const { act, operator, cookieOf, done } = await steered();
    const viewer = await cookieOf(TOKEN);
    const [name, value] = operator.cookie.split('=');
    const [signature, expires] = value.split('.');
    const [, theirs] = viewer.cookie.split('=');
    const other = new ViewSessions({ people: PEOPLE, run: 'other', path: '/view', wallClock: Date.now });
    const [, others] = other.enter(OPERATOR, false)!.cookie.split(';')[0].split('=');
    for (const forged of [
      theirs.replace(/ann$/, 'oz'),
      `${signature}.${Number(expires) + 1}.oz`,
      `${signature}.${expires}.${LINK_HOLDER}`,
      `.${expires}.oz`,
      others,
    ]) {
      expect(codeIn(await act('pause', {}, { cookie: `${name}=${forged}` }))).toBe('401 view-token');
    }
    expect(done).toEqual([]);
  });

  it('steers a run that was started without that, whatever token there is', async () => {
    const { act, ask, session } = await opened({ withToken: true });
    const operator = cookieIn(await session(OPERATOR));
    for (const what of ['pause', 'resume', 'stop', 'drain']) {
      expect(codeIn(await act(what, { confirm: 'r' }, operator))).toBe('404 no-such-page');
    }
    expect((await ask('/view/snapshot', { headers: operator })).text).toContain('{"name":"oz","steering":"off"}');
  });
});
