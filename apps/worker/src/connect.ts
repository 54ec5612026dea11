/**
 * A worker's WebSocket, as the session wants it: failures sorted into those worth another try and those that are final.
 */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { codeOf, printable } from '@gradcast/protocol';
import type { Task } from '@gradcast/task';
import { largestFrameToWorker } from '@gradcast/worker-core';
import { isPrivate, zeroMask } from './masking.ts';
import type { Connection, ConnectionEvents, Failure } from '@gradcast/worker-core';

export interface ConnectOptions {
  /** `ws://host:port` or `wss://host:port`. */
  readonly url: string;
  readonly token: string | null;
  /** The user's own, whose messages may be larger than those of built-in ones. */
  readonly task?: Task | undefined;
}

const HANDSHAKE_MS = 10_000;
/** For results that still lie in the socket, and for the other side's close. */
const CLOSE_MS = 5_000;
/** A refusal's body is one JSON sentence, which comes with its headers; more of it is not read, nor waited for longer. */
const REFUSAL_BYTES = 4096;
const REFUSAL_MS = 5_000;
/** Characters of it that are shown. */
const REFUSAL_SHOWN = 300;

export function connect({ url, token, task }: ConnectOptions, events: ConnectionEvents): Connection {
  const socket = new WebSocket(url, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: largestFrameToWorker(task),
    perMessageDeflate: false,
    followRedirects: false,
    ...(isPrivate(url) ? { generateMask: zeroMask } : {}),
  });
  /** The first reason counts: ending a connection brings an error of its own. */
  let failure: Failure | undefined;
  let bytesRead = () => 0;
  socket.on('upgrade', ({ socket: stream }) => (bytesRead = () => stream.bytesRead));
  socket.on('open', () => events.opened());
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) return events.message(data);
    failure = { kind: 'refused', code: 'not-a-coordinator', sentence: `${url} is no Gradcast coordinator` };
    socket.terminate();
  });
  socket.on('unexpected-response', (_request, response) => {
    void refusalOf(url, response).then((refused) => {
      failure = refused;
      socket.terminate();
    });
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure ??= failureOf(url, error);
  });
  socket.on('close', () =>
    events.closed(failure ?? { kind: 'unreachable', sentence: `the connection to ${url} ended` }),
  );
  return {
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes, { binary: true, compress: false });
    },
    bytesRead: () => bytesRead(),
    close: () =>
      new Promise((resolve) => {
        if (socket.readyState === WebSocket.CLOSED) return resolve();
        // A peer that does not answer the close must not keep this process.
        const timer = setTimeout(() => socket.terminate(), CLOSE_MS);
        socket.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
        socket.close(1000);
      }),
  };
}

/** What OpenSSL says of a certificate that no authority known here stands for. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function failureOf(url: string, error: NodeJS.ErrnoException): Failure {
  // What ws says of an answer that is no HTTP upgrade; the same each time we ask.
  if (/^Invalid|^Parse Error|Unexpected server response/.test(error.message) || error.code?.startsWith('HPE_')) {
    return {
      kind: 'refused',
      code: 'not-a-coordinator',
      sentence: `${url} is no Gradcast coordinator (${error.message})`,
    };
  }
  const reason = error.code ?? error.message;
  if (UNTRUSTED.has(reason)) {
    const remedy = 'NODE_EXTRA_CA_CERTS may name a file with it, or with that of its authority';
    return {
      kind: 'unreachable',
      sentence: `${url} has a certificate that is not trusted here (${reason}); ${remedy}`,
    };
  }
  return { kind: 'unreachable', sentence: `${url} cannot be reached (${reason})` };
}

/** An HTTP answer in place of an upgrade: a coordinator's refusal, a proxy's trouble, or another kind of server. */
async function refusalOf(url: string, response: IncomingMessage): Promise<Failure> {
  const status = response.statusCode ?? 0;
  if (status >= 500) return { kind: 'unreachable', sentence: `${url} cannot be reached (HTTP ${status})` };
  const body = await readBody(response);
  try {
    const { code, sentence } = JSON.parse(body) as { code?: unknown; sentence?: unknown };
    if (typeof code === 'string' && typeof sentence === 'string') {
      return { kind: 'refused', code: codeOf(code, 'not-a-coordinator'), sentence: printable(sentence, REFUSAL_SHOWN) };
    }
  } catch {
    // Not ours: said below.
  }
  return {
    kind: 'refused',
    code: 'not-a-coordinator',
    sentence: `${url} speaks HTTP but is no Gradcast coordinator (HTTP ${status})`,
  };
}

/** What came of a body within its bounds in bytes and time; it is not read any further. */
function readBody(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let left = REFUSAL_BYTES;
    const end = () => {
      clearTimeout(timer);
      response.off('data', take).destroy();
      resolve(Buffer.concat(pieces).toString('utf8'));
    };
    const take = (piece: Buffer) => {
      pieces.push(piece.subarray(0, left));
      left -= piece.byteLength;
      if (left <= 0) end();
    };
    const timer = setTimeout(end, REFUSAL_MS);
    response.on('data', take).once('end', end).once('error', end).once('close', end);
  });
}
