import { describe, expect, it } from 'vitest';
import { Door } from './door.ts';
import { ANSWER } from './for-tests/answer.ts';

/** A door to a server that answers each question alike. */
function doorTo(answer: () => Response) {
  const asked: { readonly url: string; readonly options: RequestInit }[] = [];
  const door = new Door({
    base: 'https://host/prefix/join/',
    code: 'the-code',
    fetch: (url, options) => {
      asked.push({ url, options });
      // As fetch does: what it throws comes by its promise.
      return new Promise((resolve) => resolve(answer()));
    },
  });
  return { door, asked };
}

const json =
  (body: unknown, status = 200) =>
  () =>
    new Response(JSON.stringify(body), { status });
const refusal = (code: string, status = 403) => json({ code, sentence: 'no\u0007 more' }, status);

describe('a ticket', () => {
  it('is asked for with the code as JSON', async () => {
    const { door, asked } = doorTo(json({ ticket: 'abc', seconds: 30 }));
    expect(await door.ticket()).toEqual({ ticket: 'abc' });
    const [{ url, options }] = asked;
    expect(url).toBe('https://host/prefix/join/ticket');
    expect(options).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"code":"the-code"}',
      redirect: 'error',
    });
  });

  it.each(['join-code-wrong', 'join-code-expired', 'origin-refused', 'host-refused'])(
    'is refused for good with %s',
    async (code) => {
      const { door } = doorTo(refusal(code));
      expect(await door.ticket()).toEqual({ kind: 'refused', code, sentence: 'no? more' });
    },
  );

  it.each([
    ['too-many-volunteers', 503],
    ['too-many-requests', 429],
  ])('may be had later where the answer is %s', async (code, status) => {
    const { door } = doorTo(refusal(code, status));
    expect(await door.ticket()).toEqual({ kind: 'unreachable', sentence: 'no? more' });
  });

  it.each([
    ['a proxy without its server', () => new Response('<html>', { status: 502 }), 'HTTP 502'],
    ['a coordinator without a page', () => new Response('Upgrade Required', { status: 426 }), 'HTTP 426'],
    ['no ticket', json({ ticket: 7 }), 'HTTP 200'],
    ['more than is read', () => new Response(`{"ticket":"${'a'.repeat(20_000)}"}`), 'HTTP 200'],
  ])('may come later from %s', async (_, answer, why) => {
    const { door } = doorTo(answer);
    expect(await door.ticket()).toEqual({
      kind: 'unreachable',
      sentence: `the coordinator cannot be reached (${why})`,
    });
  });

  it('may come later where nobody answers', async () => {
    const { door } = doorTo(() => {
      throw new TypeError('Failed to fetch');
    });
    expect(await door.ticket()).toEqual({ kind: 'unreachable', sentence: 'the coordinator cannot be reached' });
  });
});

describe('the run', () => {
  it('is asked for with a secret', async () => {
    const { door, asked } = doorTo(json(ANSWER));
    expect(await door.run('a-secret')).toMatchObject({ facts: { preset: 'mnist', step: 4 } });
    expect(asked[0].url).toBe('https://host/prefix/join/run');
    expect(asked[0].options.headers).toEqual({ authorization: 'Bearer a-secret' });
  });

  it('is none where the answer is another server’s', async () => {
    const { door } = doorTo(json({ hello: 'world' }));
    expect(await door.run('a-secret')).toMatchObject({ kind: 'unreachable' });
  });
});

describe('samples', () => {
  it('are bytes, if there are any of a size that a picture has', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(new Uint8Array((await doorTo(() => new Response(bytes)).door.samples('s'))!)).toEqual(bytes);
    expect(await doorTo(refusal('no-samples', 404)).door.samples('s')).toBeUndefined();
    const large = () => new Response(bytes, { headers: { 'content-length': '1e9' } });
    expect(await doorTo(large).door.samples('s')).toBeUndefined();
  });
});
