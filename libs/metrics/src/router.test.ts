import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BODY_BYTES, JSON_TYPE, router, TEXT, WAITING_BYTES } from './router.ts';
import type { Route, StreamSink } from './router.ts';
import { serveLocally } from './server.ts';
import type { LocalServer } from './server.ts';

let folder: string;
let server: LocalServer | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-test-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function serve(...routes: Route[]) {
  const socketPath = join(folder, 's');
  server = await serveLocally(socketPath, router(routes));
  /** Begins a request. */
  const open = (method: string, path: string, body?: string | Buffer) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath, method, path, agent: false }, resolve).on('error', reject).end(body);
    });
  /** Status and text of an answer. */
  const ask = async (method: string, path: string, body?: string | Buffer) => {
    const response = await open(method, path, body);
    let text = '';
    for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) text += part;
    return { status: response.statusCode, text, headers: response.headers };
  };
  return { open, ask, socketPath };
}

const echo = (method: Route['method'], path: string): Route => ({
  method,
  path,
  answer: ({ query, body }) => ({ status: 200, type: JSON_TYPE, body: `${method} ${query.get('x') ?? '-'} ${body}` }),
});

/** A streamed route that a test feeds. */
function fed() {
  let begin: (sink: StreamSink) => void = () => undefined;
  let gone: () => void = () => undefined;
  const began = new Promise<StreamSink>((resolve) => (begin = resolve));
  const left = new Promise<void>((resolve) => (gone = resolve));
  let departures = 0;
  const route: Route = {
    method: 'GET',
    path: '/events',
    answer: () => ({
      status: 200,
      type: TEXT,
      stream: (sink) => {
        begin(sink);
        return () => {
          departures += 1;
          gone();
        };
      },
    }),
  };
  return { route, began, left, departures: () => departures };
}

describe('routes', () => {
  it('are found by method and path, with what was asked and sent', async () => {
    const { ask } = await serve(echo('GET', '/a'), echo('POST', '/a'));
    expect((await ask('GET', '/a?x=1&y=2')).text).toBe('GET 1 ');
    expect((await ask('POST', '/a', 'words')).text).toBe('POST - words');
    expect((await ask('GET', '/b')).status).toBe(404);
  });

  it('see the headers of a request, and answer bytes with headers of their own', async () => {
    const { ask } = await serve({
      method: 'GET',
      path: '/a',
      answer: ({ headers }) => ({
        status: 200,
        type: 'image/png',
        body: new TextEncoder().encode(`${headers.host} \u00fc`),
        headers: { 'cache-control': 'no-cache', etag: '"x"' },
      }),
    });
    const { text, headers } = await ask('GET', '/a');
    expect(text).toBe('localhost \u00fc');
    expect(headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': '12',
      'cache-control': 'no-cache',
      etag: '"x"',
    });
    expect(await ask('HEAD', '/a')).toMatchObject({ status: 200, text: '', headers: { 'content-length': '12' } });
  });

  it('say which methods they have', async () => {
    const { ask } = await serve(echo('GET', '/both'), echo('POST', '/both'), echo('POST', '/post'));
    const [both, post, head] = [await ask('PUT', '/both'), await ask('GET', '/post'), await ask('HEAD', '/post')];
    expect([both.status, both.headers.allow, both.text]).toEqual([
      405,
      'GET, HEAD, POST',
      'Only GET and POST is answered here.\n',
    ]);
    expect([post.status, post.headers.allow]).toEqual([405, 'POST']);
    expect([head.status, head.text]).toEqual([405, '']);
    expect(await ask('HEAD', '/both')).toMatchObject({ status: 200, text: '' });
  });

  it('that fail say so in their own words', async () => {
    const failing = (path: string, failure?: string): Route => ({
      method: 'GET',
      path,
      failure,
      answer: () => Promise.reject(new Error('secret')),
    });
    const { ask } = await serve(failing('/a'), failing('/b', 'No luck.\n'));
    expect(await ask('GET', '/a')).toMatchObject({ status: 500, text: 'The request could not be answered.\n' });
    expect(await ask('GET', '/b')).toMatchObject({ status: 500, text: 'No luck.\n' });
  });
});

describe('a body', () => {
  it.each([
    [BODY_BYTES, 200],
    [BODY_BYTES + 1, 413],
    [64 * BODY_BYTES, 413],
  ])('of %d bytes is answered with %d', async (bytes, status) => {
    const { ask } = await serve(echo('POST', '/a'));
    expect((await ask('POST', '/a', Buffer.alloc(bytes, 'x'))).status).toBe(status);
  });

  it('that breaks off hurts nobody else', async () => {
    const { ask, socketPath } = await serve(echo('POST', '/a'));
    const headers = { 'content-length': 10 };
    const sent = request({ socketPath, method: 'POST', path: '/a', agent: false, headers });
    const ended = new Promise((resolve) => sent.on('error', resolve));
    sent.write('half', () => sent.destroy(new Error('gone')));
    await ended;
    expect((await ask('POST', '/a', 'whole')).text).toBe('POST - whole');
  });
});

describe('a stream', () => {
  it('is open before its first word, and goes on until its reader leaves', async () => {
    const { route, began, left, departures } = fed();
    const { open } = await serve(route);
    const response = (await open('GET', '/events')).setEncoding('utf8');
    expect([response.statusCode, response.headers['cache-control']]).toEqual([200, 'no-store']);
    const sink = await began;
    for (const word of ['one', 'two']) {
      const heard = new Promise((resolve) => response.once('data', resolve));
      sink.write(word);
      expect(await heard).toBe(word);
    }
    response.destroy();
    await left;
    sink.write('nobody hears');
    expect(departures()).toBe(1);
  });

  it('ends for a reader that does not keep up, and nothing is kept for it', async () => {
    const { route, began, left } = fed();
    const { open } = await serve(route);
    const response = await open('GET', '/events');
    const ended = new Promise((resolve) => response.on('error', resolve));
    const sink = await began;
    // The system takes some, and then one limit's worth may wait; what comes after that goes nowhere.
    for (let time = 0; time < 64; time++) sink.write('x'.repeat(WAITING_BYTES / 8));
    await left;
    response.resume();
    expect(await ended).toMatchObject({ code: 'ECONNRESET' });
  });

  it('has a head like any other answer, and no body then', async () => {
    const { route } = fed();
    const { ask } = await serve(route);
    expect(await ask('HEAD', '/events')).toMatchObject({ status: 200, text: '' });
  });

  it('is not begun for a reader that has gone before', async () => {
    const { route, departures } = fed();
    let asked: () => void = () => undefined;
    let answer: () => void = () => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    let begun = false;
    const slow: Route = {
      ...route,
      answer: async () => {
        asked();
        await mayAnswer;
        return { status: 200, type: TEXT, stream: () => ((begun = true), () => undefined) };
      },
    };
    const { ask, socketPath } = await serve(slow, echo('GET', '/a'));
    const sent = request({ socketPath, path: '/events', agent: false });
    const ended = new Promise((resolve) => sent.on('error', resolve));
    sent.end();
    await wasAsked;
    sent.destroy();
    await ended;
    // The server has taken note of the end when it has answered somebody who came later.
    await ask('GET', '/a');
    answer();
    await ask('GET', '/a');
    expect([begun, departures()]).toEqual([false, 0]);
  });
});

describe('a file', () => {
  const given = async (text: string) => {
    const path = join(folder, 'file');
    await writeFile(path, text);
    const file = createReadStream(path);
    const closed = new Promise<void>((resolve) => file.once('close', () => resolve()));
    const answer = () => ({ status: 200, type: TEXT, file, length: text.length, headers: { 'x-y': 'z' } });
    return { route: { method: 'GET', path: '/file', answer } satisfies Route, closed };
  };

  it('is given as it is, and closed', async () => {
    const { route, closed } = await given('x'.repeat(300_000));
    const { ask } = await serve(route);
    const { text, headers } = await ask('GET', '/file');
    expect([text.length, headers['content-length'], headers['x-y']]).toEqual([300_000, '300000', 'z']);
    await closed;
  });

  it('is closed for who asks for its head, or goes away', async () => {
    const head = await given('some words');
    const { ask } = await serve(head.route);
    expect(await ask('HEAD', '/file')).toMatchObject({ text: '', headers: { 'content-length': '10' } });
    await head.closed;
    await server?.close();
    const gone = await given('x'.repeat(2 ** 23));
    const { open } = await serve(gone.route);
    (await open('GET', '/file')).destroy();
    await gone.closed;
  });
});
