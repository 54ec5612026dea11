/**
 * One way to answer HTTP requests, for every listener of a process: routes by method and path, with answers that are whole or
 * stream. What a listener lets in (host, number of connections, time) is its own rule, see `server.ts`.
 *
 * Invariant: nothing that a client sends, or does not take, is kept beyond the two limits below.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { Readable } from 'node:stream';

/** Answers a request if its path is one of these routes'; returns false, having done nothing, if it is not. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Where a streamed answer is written to. */
export interface StreamSink {
  /** Adds text. A reader that does not keep up loses its connection, and nothing is kept for it. */
  write(text: string): void;
}

export type Answer =
  | {
      readonly status: number;
      readonly type: string;
      readonly body: string | Uint8Array;
      /** Besides type and length; they go before what every answer has. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** So many bytes of a file that is open; it is closed whatever becomes of them. A reader that takes nothing for a while loses its connection. */
  | {
      readonly status: number;
      readonly type: string;
      readonly file: Readable;
      readonly length: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Goes on until the reader or the listener ends it. @returns what is to be done then. */
  | { readonly status: number; readonly type: string; readonly stream: (sink: StreamSink) => () => void };

export interface RouteRequest {
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** What came with it, of at most {@link BODY_BYTES} bytes. */
  readonly body: string;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Said where this fails. */
  readonly failure?: string;
  answer(request: RouteRequest): Answer | Promise<Answer>;
}

export const TEXT = 'text/plain; charset=utf-8';
export const JSON_TYPE = 'application/json';

/** Bytes of a request's body. */
export const BODY_BYTES = 4096;
/** Bytes that may wait for the reader of a stream. */
export const WAITING_BYTES = 2 ** 20;

/** A reader that takes nothing of a file for so long is gone. */
const STALLED_MS = 30_000;

export function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0];
}

/** Makes the handler of some routes. HEAD is answered wherever GET is; another method of a known path is 405. */
export function router(routes: readonly Route[]): RequestHandler {
  return (request, response) => {
    const here = routes.filter(({ path }) => path === pathOf(request));
    if (here.length === 0) return false;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = here.find((each) => each.method === method);
    if (!route) {
      const methods = here.map((each) => (each.method === 'GET' ? 'GET, HEAD' : each.method)).join(', ');
      const body = `Only ${here.map((each) => each.method).join(' and ')} is answered here.\n`;
      send({ request, response }, { status: 405, type: TEXT, body }, { allow: methods });
      return true;
    }
    const failure = route.failure ?? 'The request could not be answered.\n';
    respond(route, request).then(
      (answer) => send({ request, response }, answer),
      () => send({ request, response }, { status: 500, type: TEXT, body: failure }),
    );
    return true;
  };
}

async function respond(route: Route, request: IncomingMessage): Promise<Answer> {
  const query = new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
  const { headers } = request;
  if (route.method === 'GET') return route.answer({ query, headers, body: '' });
  const body = await bodyOf(request);
  if (body === undefined) return { status: 413, type: TEXT, body: `A body has at most ${BODY_BYTES} bytes.\n` };
  return route.answer({ query, headers, body });
}

/** Reads to the end, which the listener's own limit brings about: who is left half read hears no answer. @returns undefined if it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= BODY_BYTES) parts.push(part);
  }
  return bytes <= BODY_BYTES ? Buffer.concat(parts).toString('utf8') : undefined;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function send({ request, response }: Exchange, answer: Answer, also: Readonly<Record<string, string>> = {}): void {
  // Who has gone meanwhile needs no answer, and would never end a stream.
  if (response.destroyed) return 'file' in answer ? void answer.file.destroy() : undefined;
  const headers = { 'content-type': answer.type, 'cache-control': 'no-store', ...also };
  if ('body' in answer) {
    response.writeHead(answer.status, {
      ...headers,
      ...answer.headers,
      'content-length': Buffer.byteLength(answer.body),
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
    return;
  }
  if ('file' in answer) return sendFile({ request, response }, answer, headers);
  response.writeHead(answer.status, headers);
  if (request.method === 'HEAD') return void response.end();
  // Its headers go at once: who follows a stream knows that it is open before there is anything in it.
  response.flushHeaders();
  const leave = answer.stream({
    write: (text) => {
      if (response.destroyed || response.writableEnded) return;
      response.write(text);
      if (response.writableLength > WAITING_BYTES) response.destroy();
    },
  });
  response.once('close', leave);
}

function sendFile(
  { request, response }: Exchange,
  answer: Extract<Answer, { file: Readable }>,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(answer.status, { ...headers, ...answer.headers, 'content-length': answer.length });
  if (request.method === 'HEAD') {
    answer.file.destroy();
    return void response.end();
  }
  response.setTimeout(STALLED_MS, () => response.destroy());
  // Whoever fails, both are over.
  pipeline(answer.file, response, () => undefined);
}
