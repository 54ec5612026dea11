import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { postSpans } from './post-spans.ts';

let close = () => {};
afterEach(() => close());

async function collector(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => {
    server.close();
    server.closeAllConnections();
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`;
  return { url, headers: { authorization: 'Bearer secret' }, resource: {}, scope: { name: 'gradcast', version: '1' } };
}
const answering = (status: number, headers: Record<string, string> = {}, body: string | Buffer = '') =>
  collector((_, response) => void response.writeHead(status, headers).end(body));

const SPANS = [Uint8Array.of(0x2a, 1, 0x61)];

describe('a request with spans', () => {
  it('is a POST of protocol buffers with the headers of the user', async () => {
    const seen: unknown[] = [];
    const to = await collector((request, response) => {
      const { method, url, headers } = request;
      seen.push(method, url, headers.authorization, headers['content-type']);
      request.on('data', (bytes: Buffer) => void seen.push(bytes.toString('hex'))).on('end', () => response.end());
    });
    expect(await postSpans(to, SPANS)).toEqual({ kind: 'taken', rejected: 0 });
    const body = '0a180a0012140a0d0a08677261646361737412013112032a0161';
    expect(seen.slice(0, 4)).toEqual(['POST', '/v1/traces', 'Bearer secret', 'application/x-protobuf']);
    expect(seen.at(4)).toBe(body);
  });

  it('is answered by what was refused of it', async () => {
    const some = await answering(200, {}, Buffer.from('0a020802', 'hex'));
    expect(await postSpans(some, SPANS)).toEqual({ kind: 'taken', rejected: 2 });
  });

  it.each([429, 502, 503, 504])('is worth another try after %i', async (status) => {
    expect(await postSpans(await answering(status), SPANS)).toEqual({ kind: 'retry', why: `HTTP ${status}` });
  });

  it.each([400, 401, 404, 500, 302])('is not after %i', async (status) => {
    const elsewhere = await answering(status, { location: 'http://127.0.0.1:1/' });
    expect(await postSpans(elsewhere, SPANS)).toEqual({ kind: 'refused', why: `HTTP ${status}` });
  });

  it('may be tried again when the collector says, in seconds', async () => {
    const busy = (after: string) => answering(503, { 'retry-after': after });
    expect(await postSpans(await busy('7'), SPANS)).toMatchObject({ afterMs: 7000 });
    close();
    expect(await postSpans(await busy('Fri, 31 Dec 2027 23:59:59 GMT'), SPANS)).not.toHaveProperty('afterMs');
  });

  it('does not wait for a collector for ever, nor for all that it says', async () => {
    const silent = await collector(() => undefined);
    expect(await postSpans({ ...silent, timeoutMs: 20 }, SPANS)).toEqual({ kind: 'retry', why: 'no answer in time' });
    close();
    const endless = await collector((_, response) => {
      const more = (): void => {
        if (response.write(Buffer.alloc(65_536))) setImmediate(more);
        else response.once('drain', more);
      };
      response.on('error', () => undefined);
      more();
    });
    expect(await postSpans(endless, SPANS)).toEqual({ kind: 'taken', rejected: 0 });
  });

  it('says why nobody is there', async () => {
    const gone = await answering(200);
    close();
    expect(await postSpans(gone, SPANS)).toEqual({ kind: 'retry', why: 'ECONNREFUSED' });
  });
});
