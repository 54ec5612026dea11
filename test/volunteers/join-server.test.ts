/**
 * The join page at a real coordinator: what it answers, who comes in by its link, and that the link outlives a coordinator and
 * ends where it is taken back. Browsers are in tests of their own.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { runsIn, Workbench } from '@gradcast/testing';
import type { GradcastProcess } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Visitor } from './visitor.ts';

const RUN = '--preset dcgan --backend wasm --steps 100000 --no-samples --json --metrics-port 0';

let bench: Workbench;
const visitors: Visitor[] = [];
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(async () => {
  for (const visitor of visitors.splice(0)) visitor.leave();
  await bench.endProcesses();
});
afterAll(() => bench.remove());

/** A coordinator that waits for workers, and somebody with its link. */
async function opened(flags: string): Promise<{ run: GradcastProcess; visitor: Visitor; joinUrl: string }> {
  const run = bench.start(`coordinator ${RUN} --join ${flags}`);
  const { joinUrl } = await run.event('listening');
  const visitor = new Visitor(joinUrl!);
  visitors.push(visitor);
  return { run, visitor, joinUrl: joinUrl! };
}

async function folderOf(out: string): Promise<string> {
  const [folder] = await runsIn(bench.path(out));
  return folder;
}

async function link(...args: string[]): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await bench.run(['join', ...args, '--json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('a coordinator with --join', () => {
  it('shows its link to people and programs, and its page to a browser alone', async () => {
    const { run, visitor, joinUrl } = await opened('--port 0 --out shown');
    expect(await run.said(/^browser tabs join at /)).toContain(joinUrl);
    await run.said(/^other devices can join as well with --host 0\.0\.0\.0$/);
    const page = await visitor.ask('/join');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy');
    for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "connect-src 'self'"]) {
      expect(policy).toContain(rule);
    }
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    for (const name of ['page.js', 'session.js', 'compute.js', 'shared.js', 'style.css', 'icon.svg']) {
      expect((await visitor.ask(`/join/${name}`)).status).toBe(200);
    }
    const framed = await visitor.ask('/join', { headers: { 'sec-fetch-dest': 'iframe' } });
    expect(framed.status).toBe(403);
    const authorization = `Bearer ${visitor.code}`;
    expect((await visitor.ask('/join/run', { headers: { authorization } })).body).toMatchObject({
      preset: 'dcgan',
      step: 0,
      steps: 100_000,
      workers: 0,
      volunteers: 0,
      state: 'waiting-for-workers',
      backend: 'wasm',
    });
    expect((await visitor.ask('/join/run')).status).toBe(401);
    expect((await visitor.ask('/other')).status).toBe(426);
    expect((await link(await folderOf('shown')))['url']).toBe(joinUrl);
  });

  it('lets tabs in by tickets and by the secrets of their sessions, each as often as it may', async () => {
    const { visitor } = await opened('--port 0 --out tickets');
    const ticket = await visitor.freshTicket();
    const tab = await visitor.enter(ticket);
    expect(await visitor.open(ticket)).toBe(401);
    expect(await visitor.open('A'.repeat(22))).toBe(401);
    expect((await visitor.ticket('A'.repeat(22))).body['code']).toBe('join-code-wrong');
    expect((await visitor.ticket(visitor.code, { origin: 'https://evil.example' })).body['code']).toBe(
      'origin-refused',
    );
    const session = await tab.hello();
    tab.hangUp();
    await tab.gone;
    const back = await visitor.enter(session);
    const next = await back.hello(session);
    expect(next).not.toBe(session);
    expect(await visitor.open(session)).toBe(401);
    const answered = await visitor.ask('/join/run', { headers: { authorization: `Bearer ${next}` } });
    const you = { leavesUsed: 0, leavesChecked: 0 };
    expect(answered.body).toMatchObject({ workers: 0, volunteers: 1, you });
  });

  it('keeps its link over a restart, for this user alone, but no session', async () => {
    const { run, visitor, joinUrl } = await opened('--port 0 --out kept');
    const session = await (await visitor.enter(await visitor.freshTicket())).hello();
    const folder = await folderOf('kept');
    expect(await readFile(join(folder, 'join-code'), 'utf8')).toContain(visitor.code);
    if (process.platform !== 'win32') expect((await stat(join(folder, 'join-code'))).mode & 0o077).toBe(0);
    // No log of the run has it.
    for (const file of ['config.json', 'events.jsonl', 'ledger.jsonl']) {
      expect(await readFile(join(folder, file), 'utf8')).not.toContain(visitor.code);
    }
    process.kill(run.child('coordinator').pid, 'SIGKILL');
    await run.ended();
    const again = await opened(`--port ${new URL(joinUrl).port} --resume ${folder}`);
    expect(again.joinUrl).toBe(joinUrl);
    expect(await visitor.open(session)).toBe(401);
    await (await visitor.enter(await visitor.freshTicket())).hello();
  });

  it('ends whoever came by a link that is taken back, and lets others in by a new one', async () => {
    const { visitor } = await opened('--port 0 --out revoked');
    const folder = await folderOf('revoked');
    const unused = await visitor.freshTicket();
    const tabs = [await visitor.enter(await visitor.freshTicket()), await visitor.enter(await visitor.freshTicket())];
    const sessions = await Promise.all(tabs.map((tab) => tab.hello()));
    tabs[1].hangUp();
    await tabs[1].gone;
    expect(await link(folder, '--revoke')).toEqual({ type: 'join', ok: true, dismissed: 1 });
    expect(await tabs[0].gone).toBe('join-revoked');
    for (const secret of [unused, ...sessions]) expect(await visitor.open(secret)).toBe(401);
    expect((await visitor.ticket()).body['code']).toBe('join-code-wrong');
    expect(await link(folder)).toMatchObject({ ok: false, code: 'join-revoked' });
    const { url } = await link(folder, '--renew');
    const other = new Visitor(String(url));
    visitors.push(other);
    expect(other.code).not.toBe(visitor.code);
    await (await other.enter(await other.freshTicket())).hello();
    expect((await visitor.ticket()).body['code']).toBe('join-code-wrong');
  });
});

describe('a flood of tickets', () => {
  it('is refused by its address, and nobody else waits', async () => {
    // On one machine all come from one address; behind a proxy that is trusted each has its own.
    const { run, visitor } = await opened('--port 0 --out flooded --trusted-proxies 127.0.0.1 --max-volunteers 4');
    const from = (address: string, code?: string) => visitor.ticket(code, { 'x-forwarded-for': address });
    const flood = Array.from({ length: 600 }, (_, i) => from('198.51.100.1', `wrong ${i}`));
    const meanwhile = await from('198.51.100.2');
    const answers = await Promise.all(flood);
    const statuses = answers.map(({ status }) => status);
    expect(meanwhile.status).toBe(200);
    // As many as two for each volunteer and some to spare, and two a second; the rest hears when to come again.
    expect(statuses.filter((status) => status === 403).length).toBeLessThan(100);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(500);
    expect(answers.find(({ status }) => status === 429)!.headers.get('retry-after')).toBe('1');
    const { metricsUrl } = await run.event('listening');
    expect((await fetch(metricsUrl)).status).toBe(200);
    const tabs = await Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        const { body } = await from(`198.51.100.${10 + i}`);
        const tab = await visitor.enter(String(body['ticket']));
        await tab.hello();
        return tab;
      }),
    );
    expect(tabs).toHaveLength(4);
    const fifth = await from('198.51.100.20');
    expect([fifth.status, fifth.body['code']]).toEqual([503, 'too-many-volunteers']);
  });
});

describe('a coordinator without --join', () => {
  it('has no page and no link', async () => {
    const run = bench.start(`coordinator ${RUN} --port 0 --out plain`);
    const { url, joinUrl } = await run.event('listening');
    expect(joinUrl).toBeUndefined();
    expect((await fetch(`${url.replace('ws', 'http')}/join`)).status).toBe(426);
    expect(await link(await folderOf('plain'))).toMatchObject({ ok: false, code: 'join-off' });
  });
});
