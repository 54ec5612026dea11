import { encodeFrame } from '@gradcast/protocol';
import type { CoordinatorMessage } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { memberSession as member, SessionHarness } from './session-harness.ts';

const average = (incarnation = 1): CoordinatorMessage => ({ type: 'average', incarnation, version: 0, scalars: null });

describe('a lost connection', () => {
  it('makes the replica worthless and is tried again with the secret', () => {
    const bench = member();
    bench.connection.breaks();
    expect([bench.disconnections, bench.connections.length]).toEqual([1, 1]);
    bench.clock.advance(250);
    expect(bench.connections).toHaveLength(2);
    bench.connection.events.opened();
    expect(bench.connection.sent).toMatchObject([{ type: 'hello', session: 'ab'.repeat(16) }]);
  });

  it('uses the newest secret', () => {
    const bench = member();
    for (const session of ['cd'.repeat(16), 'ef'.repeat(16)]) {
      bench.connection.breaks();
      bench.clock.advance(250);
      bench.connection.welcomes({ session });
    }
    bench.connection.breaks();
    bench.clock.advance(250);
    bench.connection.events.opened();
    expect(bench.connection.sent).toMatchObject([{ session: 'ef'.repeat(16) }]);
  });

  it('drops frames until it is a member again', () => {
    const bench = member();
    bench.connection.breaks();
    bench.clock.advance(250);
    bench.connection.events.opened();
    bench.session.send(encodeFrame({ type: 'applied', incarnation: 1, version: 4 }));
    expect(bench.connections.flatMap(({ sent }) => sent.map(({ type }) => type))).toEqual(['hello', 'hello']);
  });

  it('takes the incarnation of the next welcome', () => {
    const bench = member();
    bench.connection.breaks();
    bench.clock.advance(250);
    bench.connection.welcomes({ incarnation: 2 });
    bench.connection.says(average(1));
    expect(bench.delivered).toHaveLength(2);
    bench.connection.says(average(2));
    expect(bench.delivered).toHaveLength(3);
  });

  it('leaves events of the former connection without effect', () => {
    const bench = member();
    const [former] = bench.connections;
    bench.clock.advance(30_000);
    bench.clock.advance(250);
    bench.connection.welcomes();
    const before = [bench.delivered.length, bench.notices.length, bench.disconnections];
    former.says(average());
    former.says({ type: 'done', incarnation: 1, reason: 'over' });
    former.events.opened();
    former.breaks({ kind: 'refused', code: 'token-wrong', sentence: 'no' });
    expect([bench.delivered.length, bench.notices.length, bench.disconnections]).toEqual(before);
    expect(former.sent).toHaveLength(1);
  });

  it('leaves no timer behind but the retry', () => {
    const bench = member();
    bench.connection.breaks();
    expect(bench.clock.pending).toBe(1);
  });
});

describe('the waits between attempts', () => {
  it.each([
    [0, [125, 250, 500, 1000, 2000, 2000, 2000]],
    [0.999, [250, 500, 1000, 2000, 4000, 4000, 4000]],
  ])('double up to 4 s, with jitter %d between half and all of each', (jitter, wanted) => {
    const bench = new SessionHarness();
    bench.jitter = jitter;
    const waits = wanted.map(() => {
      bench.connection.breaks();
      const wait = bench.retryMs;
      bench.clock.advance(wait);
      return wait;
    });
    waits.forEach((wait, i) => expect(Math.abs(wait / wanted[i] - 1)).toBeLessThan(0.001));
  });

  it('start anew after a welcome', () => {
    const bench = new SessionHarness();
    for (let i = 0; i < 5; i++) {
      bench.connection.breaks();
      bench.clock.advance(bench.retryMs);
    }
    bench.connection.welcomes();
    bench.connection.breaks();
    expect(bench.retryMs).toBe(187.5);
  });

  it('end when reconnectSeconds have passed without a welcome, with one attempt at the very end', async () => {
    const bench = new SessionHarness({ reconnectSeconds: 5 });
    const start = bench.clock.now();
    bench.connection.breaks();
    while ((await bench.end()) === undefined) {
      bench.clock.advance(bench.retryMs);
      bench.connection.breaks();
    }
    expect(bench.clock.now() - start).toBe(5000);
    expect(await bench.end()).toEqual({ kind: 'unreachable', sentence: 'it broke' });
  });

  it('are counted from the loss, not from the first connection', async () => {
    const bench = new SessionHarness({ reconnectSeconds: 5 });
    bench.connection.welcomes({ silenceSeconds: 86_400 });
    bench.clock.advance(100_000);
    bench.connection.breaks();
    expect(await bench.end()).toBeUndefined();
    expect(bench.clock.pending).toBe(1);
  });

  it('do not exist with reconnectSeconds 0', async () => {
    const never = new SessionHarness({ reconnectSeconds: 0 });
    never.connection.breaks();
    expect(await never.end()).toEqual({ kind: 'unreachable', sentence: 'it broke' });
    const lost = member({ reconnectSeconds: 0 });
    lost.connection.breaks();
    expect(await lost.end()).toEqual({ kind: 'unreachable', sentence: 'it broke' });
    expect(lost.clock.pending).toBe(0);
  });
});

describe('a refusal', () => {
  it('of the upgrade ends the session', async () => {
    const bench = new SessionHarness();
    bench.connection.breaks({ kind: 'refused', code: 'token-wrong', sentence: 'no' });
    expect(await bench.end()).toEqual({ kind: 'refused', code: 'token-wrong', sentence: 'no' });
    expect(bench.clock.pending).toBe(0);
  });

  it('that is final ends the session', async () => {
    const bench = new SessionHarness();
    bench.connection.events.opened();
    bench.connection.says({ type: 'refuse', code: 'protocol-version', sentence: 'older', retry: 'never' });
    expect(await bench.end()).toEqual({ kind: 'refused', code: 'protocol-version', sentence: 'older' });
    expect(bench.connection.isClosed).toBe(true);
  });

  it.each(['now', 'later'] as const)('that allows another try (%s) leads to one', async (retry) => {
    const bench = member();
    bench.connection.says({ type: 'refuse', code: 'too-slow', sentence: 'slow link', retry });
    expect(bench.notices.at(-1)).toMatchObject({ kind: 'lost', sentence: 'slow link' });
    expect([bench.connection.isClosed, bench.disconnections, await bench.end()]).toEqual([true, 1, undefined]);
    bench.clock.advance(250);
    expect(bench.connections).toHaveLength(2);
  });

  it('is what bytes that are no message come to', async () => {
    const bench = member();
    bench.connection.events.message(new Uint8Array(2));
    expect(await bench.end()).toMatchObject({ kind: 'refused', code: 'frame-malformed' });
    expect(bench.connection.isClosed).toBe(true);
  });
});
