import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { checkUpgrade } from './admission.ts';
import { Credentials } from './credentials.ts';

const credentialsOf = (token: string | null) =>
  new Credentials({
    credentials: token === null ? null : [{ name: null, role: 'worker', secret: token }],
    local: 'local',
  });

const TOKEN = 'correct horse, {battery}: staple é';
const LOCAL = '127.0.0.1:8000';
const subprotocol = (token: string) => `gradcast.token.${Buffer.from(token).toString('base64url')}`;

interface Row {
  readonly what: string;
  readonly headers: IncomingHttpHeaders;
  readonly loopback?: boolean;
  readonly token?: string | null;
  /** Of the join page behind a proxy. */
  readonly page?: string;
  readonly scheme?: 'http' | 'https';
  /** Code of the refusal; undefined if admitted. */
  readonly code?: string;
}

const rows: Row[] = [
  { what: 'a worker on loopback', headers: { host: LOCAL } },
  { what: 'localhost', headers: { host: 'localhost:8000' } },
  { what: 'a Host without a port', headers: { host: 'localhost' } },
  { what: 'IPv6 loopback', headers: { host: '[::1]:8000' } },
  { what: 'no Host', headers: {}, code: 'host-refused' },
  { what: 'a name that may be rebound', headers: { host: 'evil.example:8000' }, code: 'host-refused' },
  { what: 'a name that begins like loopback', headers: { host: '127.0.0.1.evil.example' }, code: 'host-refused' },
  { what: 'a name that ends in localhost', headers: { host: 'evil-localhost:8000' }, code: 'host-refused' },
  { what: 'another address of this machine', headers: { host: '192.168.1.4:8000' }, code: 'host-refused' },
  { what: 'another IPv6 address', headers: { host: '[::2]:8000' }, code: 'host-refused' },
  { what: 'an open IPv6 bracket', headers: { host: '[::1' }, code: 'host-refused' },

  { what: 'a page of its own', headers: { host: LOCAL, origin: `http://${LOCAL}` } },
  { what: 'a page of its own over TLS', headers: { host: LOCAL, origin: `https://${LOCAL}` } },
  { what: 'a page of another site', headers: { host: LOCAL, origin: 'https://evil.example' }, code: 'origin-refused' },
  { what: 'a page of another port', headers: { host: LOCAL, origin: 'http://127.0.0.1:8001' }, code: 'origin-refused' },
  {
    what: 'the same machine by another name',
    headers: { host: LOCAL, origin: 'http://localhost:8000' },
    code: 'origin-refused',
  },
  { what: 'a sandboxed page', headers: { host: LOCAL, origin: 'null' }, code: 'origin-refused' },
  { what: 'a file', headers: { host: LOCAL, origin: 'file://' }, code: 'origin-refused' },
  { what: 'another scheme', headers: { host: LOCAL, origin: `ws://${LOCAL}` }, code: 'origin-refused' },
  { what: 'an empty origin', headers: { host: LOCAL, origin: '' }, code: 'origin-refused' },
  {
    what: 'an origin with our address in its user part',
    headers: { host: LOCAL, origin: `http://${LOCAL}@evil.example` },
    code: 'origin-refused',
  },

  { what: 'any Host where others may reach us', headers: { host: 'trainer.example' }, loopback: false },
  {
    what: 'a foreign page there',
    headers: { host: 'trainer.example', origin: 'https://evil.example' },
    loopback: false,
    code: 'origin-refused',
  },

  { what: 'the token', token: TOKEN, headers: { host: LOCAL, authorization: `Bearer ${TOKEN}` } },
  { what: 'the token after "bearer"', token: TOKEN, headers: { host: LOCAL, authorization: `bearer ${TOKEN}` } },
  { what: 'no token', token: TOKEN, headers: { host: LOCAL }, code: 'token-missing' },
  { what: 'an empty Bearer', token: TOKEN, headers: { host: LOCAL, authorization: 'Bearer ' }, code: 'token-missing' },
  {
    what: 'another scheme than Bearer',
    token: TOKEN,
    headers: { host: LOCAL, authorization: `Basic ${TOKEN}` },
    code: 'token-missing',
  },
  { what: 'another token', token: TOKEN, headers: { host: LOCAL, authorization: 'Bearer x' }, code: 'token-wrong' },
  {
    what: 'the beginning of the token',
    token: TOKEN,
    headers: { host: LOCAL, authorization: `Bearer ${TOKEN.slice(0, -1)}` },
    code: 'token-wrong',
  },
  {
    what: 'a browser with the token',
    token: TOKEN,
    headers: {
      host: LOCAL,
      origin: `http://${LOCAL}`,
      'sec-websocket-protocol': `gradcast.v1, ${subprotocol(TOKEN)}`,
    },
  },
  {
    what: 'a browser with another token',
    token: TOKEN,
    headers: { host: LOCAL, 'sec-websocket-protocol': subprotocol('x') },
    code: 'token-wrong',
  },
  {
    what: 'a browser without one',
    token: TOKEN,
    headers: { host: LOCAL, 'sec-websocket-protocol': 'gradcast.v1' },
    code: 'token-missing',
  },
  {
    what: 'a browser with an empty one',
    token: TOKEN,
    headers: { host: LOCAL, 'sec-websocket-protocol': subprotocol('') },
    code: 'token-wrong',
  },
  {
    what: 'a foreign page that knows the token',
    token: TOKEN,
    headers: { host: LOCAL, origin: 'https://evil.example', authorization: `Bearer ${TOKEN}` },
    code: 'origin-refused',
  },
  { what: 'the host of the page', page: 'https://t.example/g', headers: { host: 'T.example' } },
  {
    what: 'the page behind a proxy that changes the Host',
    page: 'https://t.example/g',
    headers: { host: LOCAL, origin: 'https://t.example' },
  },
  {
    what: 'the page without TLS',
    page: 'https://t.example/g',
    headers: { host: LOCAL, origin: 'http://t.example' },
    code: 'origin-refused',
  },
  {
    what: 'a host beside that of the page',
    page: 'https://t.example/g',
    headers: { host: 't.example.evil' },
    code: 'host-refused',
  },
  {
    what: 'a page of its own where TLS is spoken',
    scheme: 'https',
    headers: { host: LOCAL, origin: `https://${LOCAL}` },
  },
  {
    what: 'a page that came without TLS where that is spoken',
    scheme: 'https',
    headers: { host: LOCAL, origin: `http://${LOCAL}` },
    code: 'origin-refused',
  },

  { what: 'a token where none is wanted', headers: { host: LOCAL, authorization: 'Bearer x' } },
];

describe('checkUpgrade', () => {
  it.each(rows)('$what: $code', ({ headers, loopback = true, token = null, page, scheme, code }) => {
    const ours = { loopback, scheme, page: page === undefined ? undefined : new URL(page) };
    const decided = checkUpgrade(headers, { credentials: credentialsOf(token), ...ours });
    if ('kind' in decided) return expect([code, decided.kind]).toEqual([undefined, token === null ? 'none' : 'shared']);
    expect(decided.code).toBe(code);
    expect(decided.status).toBe(decided.code.startsWith('token') ? 401 : 403);
  });

  it('never repeats a token', () => {
    const refusal = checkUpgrade(
      { host: LOCAL, authorization: 'Bearer s3cret' },
      { credentials: credentialsOf(TOKEN), loopback: true },
    );
    expect(JSON.stringify(refusal)).not.toMatch(/s3cret|horse/);
  });
});
