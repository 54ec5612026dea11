import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlClient, OPERATE_CODES } from './control-client.ts';
import { runOperation } from './operate.ts';
import type { OperateRequest } from './operate.ts';

let folder: string;
let run: string;
let server: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
  run = join(folder, 'run');
  await mkdir(run);
  await writeFile(join(run, 'config.json'), '{}');
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

interface Heard {
  readonly line: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

/** A coordinator whose side a test plays: what it answers to `METHOD /path`, status 200 unless it says otherwise. */
async function coordinator(answers: Readonly<Partial<Record<string, object | string>>>) {
  const heard: Heard[] = [];
  let follow: (response: ServerResponse) => void = () => undefined;
  const follower = new Promise<ServerResponse>((resolve) => (follow = resolve));
  server = createServer((request, response) => {
    const { pathname, searchParams: query } = new URL(request.url!, 'http://run');
    const line = `${request.method} ${pathname}`;
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      heard.push({ line, query, body });
      if (line === 'GET /events') {
        response.writeHead(200).flushHeaders();
        return follow(response);
      }
      const answer = answers[line];
      if (answer === undefined) return response.writeHead(404).end();
      if (typeof answer === 'string') return response.end(answer);
      const { status = 200, ...content } = answer as { status?: number };
      response.writeHead(status).end(JSON.stringify(content));
    });
  });
  const socket = join(folder, 's');
  await new Promise<void>((resolve) => server!.listen(socket, resolve));
  await symlink(socket, join(run, 'control'));
  /** Tells events to who follows them, once somebody does. */
  const tells = async (...events: object[]) => {
    const response = await follower;
    for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    return response;
  };
  return { heard, tells };
}

/** Exit code, and the lines that are said. */
async function operate(request: Partial<OperateRequest> & Pick<OperateRequest, 'operation'>) {
  const said: string[] = [];
  const whole = { run, worker: request.operation === 'drain' ? 'a' : null, wait: true, json: false, ...request };
  const code = await runOperation(whole, (line) => void said.push(line));
  return [code, ...said];
}

const RUNNING = { state: 'running', pausing: false, step: 4, steps: 9, seq: 17, minWorkers: 1, workers: [] };
const state = (from: string, to: string, pausing = false) => ({ type: 'state', from, to, pausing });
const summary = (status: string, steps = 5) =>
  writeFile(join(run, 'summary.json'), JSON.stringify({ status, steps, targetSteps: 9 }));

describe.skipIf(process.platform === 'win32')('pause', () => {
  it('returns when the open step has closed', async () => {
    const { heard, tells } = await coordinator({ 'POST /pause': { ...RUNNING, changed: true, pausing: true } });
    const paused = operate({ operation: 'pause' });
    await tells({ type: 'step-closed' }, state('running', 'paused'));
    expect(await paused).toEqual([0, 'the run is paused']);
    expect(heard.map(({ line }) => line)).toEqual(['POST /pause', 'GET /events']);
    expect(heard[1].query.get('after')).toBe('17');
  });

  it('is understood in pieces as they come', async () => {
    const { tells } = await coordinator({ 'POST /pause': { ...RUNNING, changed: true, pausing: true } });
    const paused = operate({ operation: 'pause', json: true });
    const response = await tells();
    const line = `${JSON.stringify(state('running', 'paused'))}\n`;
    response.write(line.slice(0, 10), () => response.write(line.slice(10)));
    const [code, said] = await paused;
    expect([code, JSON.parse(String(said))]).toMatchObject([
      0,
      { type: 'pause', ok: true, state: 'paused', pausing: false, changed: true },
    ]);
  });

  it.each([
    ['of a run that is paused', { state: 'paused', changed: false }, 'the run was paused already'],
    ['of a run that computes nothing', { state: 'paused', changed: true }, 'the run is paused'],
  ])('%s is done at once', async (_, answer, sentence) => {
    const { heard } = await coordinator({ 'POST /pause': { ...RUNNING, ...answer } });
    expect(await operate({ operation: 'pause' })).toEqual([0, sentence]);
    expect(heard).toHaveLength(1);
  });

  it.each([
    ['running', 'the run pauses when step 4 closes'],
    ['setting-up', 'the run pauses when it is set up'],
  ])('need not be waited for (%s)', async (state, sentence) => {
    await coordinator({ 'POST /pause': { ...RUNNING, state, changed: true, pausing: true } });
    expect(await operate({ operation: 'pause', wait: false })).toEqual([0, sentence]);
  });

  it.each([
    ['somebody resumes the run', state('running', 'running'), 'pause-withdrawn'],
    ['the run is stopped', state('running', 'stopping'), 'run-ending'],
    ['the run is complete', state('running', 'draining'), 'run-ending'],
  ])('is told as it is if %s first', async (_, event, code) => {
    const { tells } = await coordinator({ 'POST /pause': { ...RUNNING, changed: true, pausing: true } });
    const paused = operate({ operation: 'pause' });
    void tells(state('running', 'running', true), event);
    await expect(paused).rejects.toMatchObject({ name: 'OperateError', code });
  });

  it('is not done if the coordinator is killed before', async () => {
    const { tells } = await coordinator({ 'POST /pause': { ...RUNNING, changed: true, pausing: true } });
    const paused = operate({ operation: 'pause' });
    (await tells()).destroy();
    await expect(paused).rejects.toMatchObject({ code: 'run-not-running' });
  });
});

describe.skipIf(process.platform === 'win32')('resume', () => {
  it.each([
    [{ changed: true, state: 'waiting-for-workers' }, 'the run goes on'],
    [{ changed: false, state: 'running' }, 'the run was not paused: it is running'],
  ])('says what it did: %o', async (answer, sentence) => {
    await coordinator({ 'POST /resume': { ...RUNNING, ...answer } });
    expect(await operate({ operation: 'resume' })).toEqual([0, sentence]);
  });
});

describe.skipIf(process.platform === 'win32')('stop', () => {
  it('returns when the coordinator has given the run back, and says how it ended', async () => {
    const { tells } = await coordinator({ 'POST /stop': { ...RUNNING, changed: true, state: 'stopping' } });
    const stopped = operate({ operation: 'stop' });
    const response = await tells(state('running', 'stopping'), state('stopping', 'stopped'));
    await summary('stopped');
    response.end();
    expect(await stopped).toEqual([
      0,
      `the run has stopped at step 5 of 9; gradcast train --resume ${run} goes on with it`,
    ]);
  });

  it('says that the run was complete before', async () => {
    const { tells } = await coordinator({ 'POST /stop': { ...RUNNING, changed: false, state: 'draining' } });
    const stopped = operate({ operation: 'stop', json: true });
    const response = await tells();
    await summary('completed', 9);
    response.end();
    expect(await stopped).toEqual([0, '{"type":"stop","ok":true,"state":"completed","step":9,"steps":9}']);
  });

  it('need not be waited for', async () => {
    await coordinator({ 'POST /stop': { ...RUNNING, changed: true, state: 'stopping' } });
    expect(await operate({ operation: 'stop', wait: false })).toEqual([0, 'the run stops with a checkpoint']);
  });

  it('is not done if the coordinator is killed before it has', async () => {
    const { tells } = await coordinator({ 'POST /stop': { ...RUNNING, changed: true, state: 'stopping' } });
    const stopped = operate({ operation: 'stop' });
    (await tells()).destroy();
    await expect(stopped).rejects.toMatchObject({ code: 'run-not-running' });
  });
});

describe.skipIf(process.platform === 'win32')('drain', () => {
  const ASKED = { ...RUNNING, changed: true, workers: [{ worker: 'a', state: 'leaving' }] };
  const left = (why: string, worker = 'a') => ({ type: 'left', worker, why, reason: why });

  it('returns when the worker is gone', async () => {
    const two = [
      { worker: 'b', state: 'idle' },
      { worker: 'c', state: 'leased' },
    ];
    const { heard, tells } = await coordinator({ 'POST /drain': ASKED, 'GET /state': { ...RUNNING, workers: two } });
    const drained = operate({ operation: 'drain' });
    const replaced = { type: 'refused', worker: 'a', code: 'replaced', sentence: 'the worker connected again' };
    await tells(left('lost', 'b'), replaced, { type: 'joined', name: 'a' }, left('drained'));
    expect(await drained).toEqual([0, 'worker a is gone']);
    expect(heard[0].body).toBe('{"worker":"a"}');
  });

  it('says what follows if too few are left', async () => {
    const stand = {
      ...RUNNING,
      state: 'waiting-for-workers',
      minWorkers: 2,
      workers: [{ worker: 'b', state: 'idle' }],
    };
    const { tells } = await coordinator({ 'POST /drain': ASKED, 'GET /state': stand });
    const drained = operate({ operation: 'drain' });
    await tells(left('drained'));
    expect(await drained).toEqual([
      0,
      'worker a is gone; 1 of at least 2 workers are left, so the run waits for others',
    ]);
  });

  it('is done as well if the run is over with it', async () => {
    const { tells } = await coordinator({ 'POST /drain': ASKED });
    const drained = operate({ operation: 'drain' });
    await tells(left('dismissed'));
    expect((await drained)[0]).toBe(0);
  });

  it('need not be waited for', async () => {
    await coordinator({ 'POST /drain': ASKED });
    expect(await operate({ operation: 'drain', wait: false })).toEqual([0, 'worker a finishes what it has and goes']);
  });

  it.each([
    ['loses its connection', left('lost')],
    ['is refused', { type: 'refused', worker: 'a', code: 'silent', sentence: 'nothing was heard for 30 s' }],
  ])('of a worker that %s is not done', async (_, event) => {
    const { tells } = await coordinator({ 'POST /drain': ASKED });
    const drained = operate({ operation: 'drain' });
    void tells(event);
    await expect(drained).rejects.toMatchObject({ code: 'worker-lost' });
  });

  it('of a worker that is not there says who is', async () => {
    const sentence = 'no worker "a" is connected; b, c are';
    await coordinator({ 'POST /drain': { status: 404, code: 'worker-unknown', sentence } });
    await expect(operate({ operation: 'drain' })).rejects.toMatchObject({ code: 'worker-unknown', message: sentence });
    expect(await operate({ operation: 'drain', json: true })).toEqual([
      1,
      JSON.stringify({ type: 'drain', ok: false, code: 'worker-unknown', sentence }),
    ]);
  });
});

describe('a run that takes no commands', () => {
  it('is none at all', async () => {
    await expect(operate({ operation: 'pause', run: folder })).rejects.toMatchObject({ code: 'run-missing' });
    const [code, said] = await operate({ operation: 'pause', run: folder, json: true });
    expect([code, JSON.parse(String(said))]).toMatchObject([2, { ok: false, code: 'run-missing' }]);
  });

  it('is over, as its summary tells', async () => {
    await summary('completed', 9);
    await expect(operate({ operation: 'stop' })).rejects.toMatchObject({
      code: 'run-not-running',
      message: `no coordinator answers for the run in ${run}: it has completed at step 9 of 9`,
    });
  });

  it('is nowhere to be found, or was killed', async () => {
    const message = /: it was killed, is only being set up, or runs on another machine or in another container$/;
    await expect(operate({ operation: 'stop' })).rejects.toThrow(message);
    await symlink(join(folder, 'nothing'), join(run, 'control'));
    await expect(operate({ operation: 'stop' })).rejects.toThrow(message);
  });

  it.skipIf(process.platform === 'win32')('was killed, and left its socket', async () => {
    const socket = createServer().listen(join(folder, 'dead'));
    await new Promise((resolve) => socket.once('listening', resolve));
    // Closing removes the file by the name under which it was opened; that of a killed process stays.
    await rename(join(folder, 'dead'), join(folder, 'left'));
    await new Promise((resolve) => socket.close(resolve));
    await symlink(join(folder, 'left'), join(run, 'control'));
    await expect(operate({ operation: 'stop' })).rejects.toMatchObject({ code: 'run-not-running' });
  });

  it.skipIf(process.platform === 'win32')('is of another version', async () => {
    await coordinator({ 'POST /stop': 'no JSON' });
    for (const operation of ['stop', 'pause'] as const) {
      await expect(operate({ operation })).rejects.toMatchObject({ code: 'operation-unknown' });
    }
  });

  it.skipIf(process.platform === 'win32')('stands still', async () => {
    await coordinator({});
    server!.removeAllListeners('request');
    const client = (await ControlClient.find(run, 50))!;
    await expect(client.ask('POST', '/stop')).rejects.toMatchObject({ code: 'run-not-answering' });
  });
});

describe('docs/configuration.md', () => {
  it('explains every code with which an operation is refused, and no other', async () => {
    const document = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
    const [, section] = document.split('\n## Operating a run\n');
    const explained = [...section.split('\n## ')[0].matchAll(/^\| `([a-z-]+)` /gm)].map(([, code]) => code);
    expect(explained.sort()).toEqual(['run-missing', ...OPERATE_CODES].sort());
  });
});

describe.skipIf(process.platform === 'win32')('every request', () => {
  it('says which folder it means, for a copy of it leads to the same socket', async () => {
    const { heard } = await coordinator({ 'POST /resume': { ...RUNNING, changed: true } });
    const copy = join(folder, 'copy');
    await cp(run, copy, { recursive: true, verbatimSymlinks: true });
    for (const path of [run, copy]) await operate({ operation: 'resume', run: path });
    const identities = await Promise.all(
      [run, copy].map(async (path) => {
        const { dev, ino } = await stat(path, { bigint: true });
        return `${dev}-${ino}`;
      }),
    );
    expect(heard.map(({ query }) => query.get('folder'))).toEqual(identities);
    expect(identities[0]).not.toBe(identities[1]);
  });
});
