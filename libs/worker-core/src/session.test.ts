import { encodeFrame, PROTOCOL_VERSION } from '@gradcast/protocol';
import type { CoordinatorMessage, MessageOf } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { INTRODUCTION, memberSession as member, SessionHarness } from './session-harness.ts';

const ping = (incarnation = 1, id = 9): CoordinatorMessage => ({ type: 'ping', incarnation, id });
const average = (incarnation = 1): CoordinatorMessage => ({ type: 'average', incarnation, version: 0, scalars: null });

/** A worker with nothing to finish. */
const IDLE = { graceMs: 1000, busy: false };

describe('greeting', () => {
  it('says hello once the connection is open, and nothing before', () => {
    const bench = new SessionHarness();
    expect(bench.connection.sent).toEqual([]);
    bench.connection.events.opened();
    expect(bench.connection.sent).toEqual([
      { type: 'hello', protocol: PROTOCOL_VERSION, ...INTRODUCTION, session: null },
    ]);
  });

  it('drops frames for a coordinator that has not welcomed it', () => {
    const bench = new SessionHarness();
    bench.connection.events.opened();
    bench.session.send(encodeFrame({ type: 'pong', incarnation: 1, id: 1 }));
    expect(bench.connection.sent).toHaveLength(1);
  });

  it('tells of the welcome and hands it to the trainer', () => {
    const bench = member();
    expect(bench.notices).toEqual([{ kind: 'joined', worker: 'ada', run: 'run-1', incarnation: 1 }]);
    expect(bench.delivered).toHaveLength(1);
  });

  it('waits 15 s for the welcome', () => {
    const bench = new SessionHarness();
    bench.connection.events.opened();
    bench.clock.advance(14_999);
    expect(bench.connection.isClosed).toBe(false);
    bench.clock.advance(1);
    expect(bench.connection.isClosed).toBe(true);
    expect(bench.notices).toMatchObject([{ kind: 'lost', sentence: 'the coordinator said nothing for 15 s' }]);
  });

  it('ignores everything that comes before the welcome', () => {
    const bench = new SessionHarness();
    bench.connection.events.opened();
    bench.connection.says(average());
    bench.connection.says(ping());
    bench.connection.says({ type: 'done', incarnation: 1, reason: 'over' });
    expect([bench.delivered, bench.connection.sent.length, bench.outcome]).toEqual([[], 1, undefined]);
  });
});

describe('a member', () => {
  it('hands snapshots, leases and averages to the trainer, in order and as they came', () => {
    const bench = member();
    const messages: CoordinatorMessage[] = [
      { type: 'snapshot', incarnation: 1, version: 0, fingerprint: 'ab'.repeat(16) },
      { type: 'lease', incarnation: 1, lease: 1, version: 0, first: 0, count: 1 },
      average(),
    ];
    for (const message of messages) bench.connection.says(message);
    expect(bench.delivered.slice(1)).toEqual(messages.map((message) => encodeFrame(message)));
  });

  it('sends frames on', () => {
    const bench = member();
    bench.session.send(encodeFrame({ type: 'applied', incarnation: 1, version: 4 }));
    expect(bench.connection.sent.at(-1)).toEqual({ type: 'applied', incarnation: 1, version: 4 });
  });

  it('answers a ping with its number', () => {
    const bench = member();
    bench.connection.says(ping(1, 77));
    expect(bench.connection.sent.at(-1)).toEqual({ type: 'pong', incarnation: 1, id: 77 });
    expect(bench.delivered).toHaveLength(1);
  });

  it('tells of what an operator does, and hands nothing of it to the trainer', () => {
    const bench = member();
    bench.connection.says({ type: 'state', incarnation: 1, state: 'paused' });
    bench.connection.says({ type: 'drain', incarnation: 1, reason: 'drained' });
    bench.connection.says({ type: 'state', incarnation: 2, state: 'running' });
    bench.connection.says({ type: 'drain', incarnation: 2, reason: 'drained' });
    expect(bench.notices.slice(1)).toEqual([
      { kind: 'state', state: 'paused' },
      { kind: 'drain', reason: 'drained' },
    ]);
    expect(bench.delivered).toHaveLength(1);
  });

  it('that leaves already is not told to go', () => {
    const bench = member();
    bench.session.leave('told to stop', { graceMs: 1000, busy: true });
    bench.connection.says({ type: 'drain', incarnation: 1, reason: 'drained' });
    expect(bench.notices).toHaveLength(1);
  });

  it('drops what another incarnation says', () => {
    const bench = member();
    const before = bench.connection.sent.length;
    for (const message of [ping(2), average(2), { type: 'done', incarnation: 2, reason: 'over' } as const]) {
      bench.connection.says(message);
    }
    expect([bench.delivered.length, bench.connection.sent.length, bench.outcome]).toEqual([1, before, undefined]);
  });

  it('is kept by any message, and gives up a coordinator that is silent for the agreed time', () => {
    const bench = new SessionHarness();
    bench.connection.welcomes({ silenceSeconds: 7 });
    const keepers = [ping(), average(), { type: 'pong', incarnation: 1, id: 1 } as const];
    for (const message of keepers) {
      bench.clock.advance(6999);
      bench.connection.says(message);
    }
    expect(bench.disconnections).toBe(0);
    bench.clock.advance(7000);
    expect(bench.disconnections).toBe(1);
    expect(bench.notices.at(-1)).toMatchObject({ kind: 'lost', sentence: 'the coordinator said nothing for 7 s' });
  });

  it('is kept through a message that takes minutes to arrive, and is heard from meanwhile', () => {
    const bench = new SessionHarness();
    bench.connection.welcomes();
    for (let second = 0; second < 180; second++) {
      bench.connection.bytesRead += 64_000;
      bench.clock.advance(1000);
    }
    expect(bench.disconnections).toBe(0);
    expect(bench.connection.sent.filter(({ type }) => type === 'ping').length).toBeGreaterThanOrEqual(180 / 6);
    // Nothing more comes.
    bench.clock.advance(30_000 + 5000);
    expect(bench.disconnections).toBe(1);
  });

  it('that is parked says so and goes on', () => {
    const bench = new SessionHarness();
    bench.connection.welcomes();
    const parked = { bytesPerSecond: 60_000, neededBytesPerSecond: 3_000_000 };
    bench.connection.says({ type: 'parked', incarnation: 1, ...parked });
    expect([bench.notices.at(-1), bench.disconnections]).toEqual([{ kind: 'parked', ...parked }, 0]);
  });

  it('is not kept by another incarnation', () => {
    const bench = member();
    bench.clock.advance(29_999);
    bench.connection.says(ping(2));
    bench.clock.advance(1);
    expect(bench.disconnections).toBe(1);
  });
});

describe('a message that cannot be handled', () => {
  it('ends the session, not the process', async () => {
    const bench = new SessionHarness({
      deliver: () => {
        throw new RangeError('nobody foresaw this');
      },
    });
    bench.connection.welcomes();
    expect(await bench.end()).toEqual({
      kind: 'refused',
      code: 'message-failed',
      sentence: 'the coordinator is not understood: nobody foresaw this',
    });
    expect(bench.connection.isClosed).toBe(true);
  });

  it('such as a header with thousands of unknown keys, is not repeated at length', async () => {
    const bench = new SessionHarness();
    bench.connection.events.opened();
    bench.connection.events.message(encodeFrame({ type: 'ping', ['k'.repeat(16_345)]: 1 }));
    const outcome = await bench.end();
    expect(outcome).toMatchObject({ kind: 'refused', code: 'frame-malformed' });
    expect(JSON.stringify(outcome).length).toBeLessThan(300);
  });
});

describe('the end', () => {
  it('comes with done', async () => {
    const bench = member();
    bench.connection.says({ type: 'done', incarnation: 1, reason: 'the run is complete' });
    expect(await bench.end()).toEqual({ kind: 'done', reason: 'the run is complete' });
    expect([bench.connection.isClosed, bench.disconnections, bench.clock.pending]).toEqual([true, 1, 0]);
  });

  it('comes with leave, which is said first', async () => {
    const bench = member();
    bench.session.leave('told to stop', IDLE);
    expect(bench.connection.sent.at(-1)).toEqual({ type: 'leave', incarnation: 1, reason: 'told to stop' });
    expect(await bench.end()).toEqual({ kind: 'left' });
    expect(bench.connection.isClosed).toBe(true);
  });

  it('lets a leaving worker finish what it has, and no longer than its grace', async () => {
    const finishing = member();
    finishing.session.leave('told to stop', { graceMs: 1000, busy: true });
    finishing.clock.advance(999);
    expect(finishing.connection.isClosed).toBe(false);
    finishing.session.finished();
    expect(await finishing.end()).toEqual({ kind: 'left' });
    expect(finishing.clock.pending).toBe(0);

    const slow = member();
    slow.session.leave('told to stop', { graceMs: 1000, busy: true });
    slow.clock.advance(1000);
    expect(await slow.end()).toEqual({ kind: 'left' });
  });

  it('does not take finished work of one that stays for a goodbye, nor a lost link for a reason to come back', async () => {
    const staying = member();
    staying.session.finished();
    expect(staying.connection.isClosed).toBe(false);

    const lost = member();
    lost.session.leave('told to stop', { graceMs: 1000, busy: true });
    lost.connection.breaks();
    expect(await lost.end()).toEqual({ kind: 'left' });
    expect(lost.connections).toHaveLength(1);
  });

  it('comes at once when a leaving worker is told again', async () => {
    const bench = member();
    bench.session.leave('told to stop', { graceMs: 1000, busy: true });
    bench.session.leave('told to stop', { graceMs: 1000, busy: true });
    expect(await bench.end()).toEqual({ kind: 'left' });
  });

  it.each<[string, (bench: SessionHarness) => void]>([
    ['connecting', () => undefined],
    ['greeting', (bench) => bench.connection.events.opened()],
    ['waiting', (bench) => bench.connection.breaks()],
  ])('comes at once with leave while %s', async (_, prepare) => {
    const bench = new SessionHarness();
    prepare(bench);
    bench.session.leave('told to stop', IDLE);
    expect(await bench.end()).toEqual({ kind: 'left' });
    expect(bench.clock.pending).toBe(0);
    expect(bench.connection.sent.some(({ type }) => type === 'leave')).toBe(false);
  });

  it('comes with giveUp, and the coordinator is told why', async () => {
    const bench = member();
    bench.session.giveUp('compute-failed', 'the device is gone');
    expect(bench.connection.sent.at(-1)).toEqual({
      type: 'refuse',
      code: 'compute-failed',
      sentence: 'the device is gone',
      retry: 'never',
    });
    expect(await bench.end()).toEqual({ kind: 'refused', code: 'compute-failed', sentence: 'the device is gone' });
  });

  it('comes once', async () => {
    const bench = member();
    bench.session.leave('first', IDLE);
    bench.session.giveUp('compute-failed', 'second');
    bench.connection.breaks({ kind: 'refused', code: 'x', sentence: 'third' });
    bench.connection.says({ type: 'done', incarnation: 1, reason: 'fourth' });
    bench.clock.advance(1e6);
    expect(await bench.end()).toEqual({ kind: 'left' });
    expect([bench.disconnections, bench.connections.length]).toEqual([1, 1]);
  });
});

describe('a refusal', () => {
  const refused = (code: string): CoordinatorMessage => ({
    type: 'refuse',
    code,
    sentence: 'no such field',
    retry: 'later',
  });
  /** Refuses the present connection and lets the session come back. */
  const refuse = (bench: SessionHarness, code: string) => {
    bench.connection.events.opened();
    bench.connection.says(refused(code));
    bench.clock.advance(30_000);
  };

  it.each(['message-invalid', 'frame-malformed'])('%s twice in a row is final', async (code) => {
    const bench = new SessionHarness({ reconnectSeconds: 300 });
    refuse(bench, code);
    expect([await bench.end(), bench.connections.length]).toEqual([undefined, 2]);
    refuse(bench, code);
    expect(await bench.end()).toEqual({ kind: 'refused', code, sentence: 'no such field (twice in a row)' });
    expect(bench.connections).toHaveLength(2);
  });

  it('is final also where the welcome comes in between', async () => {
    const bench = new SessionHarness({ reconnectSeconds: 300 });
    for (let time = 0; time < 2; time++) {
      bench.connection.welcomes();
      bench.connection.says(refused('message-invalid'));
      bench.clock.advance(30_000);
    }
    expect(await bench.end()).toMatchObject({ kind: 'refused', code: 'message-invalid' });
  });

  it('is not final once the run went on with the worker in it, or for another reason', async () => {
    const bench = new SessionHarness({ reconnectSeconds: 300 });
    refuse(bench, 'message-invalid');
    bench.connection.welcomes();
    bench.connection.says(average());
    bench.connection.says(refused('message-invalid'));
    bench.clock.advance(30_000);
    refuse(bench, 'frame-malformed');
    expect(await bench.end()).toBeUndefined();
  });

  it.each(['too-many-workers', 'too-slow', 'silent'])('%s is tried again as long as was asked for', async (code) => {
    const bench = new SessionHarness({ reconnectSeconds: 300 });
    for (let time = 0; time < 4; time++) refuse(bench, code);
    expect([await bench.end(), bench.connections.length]).toEqual([undefined, 5]);
  });

  it('that a worker sends fits the protocol, whatever failed', () => {
    const bench = member();
    bench.session.giveUp('ERR_WORKER_OUT_OF_MEMORY', `\u001b[31m${'x'.repeat(20_000)}`);
    const { code, sentence } = bench.connection.sent.at(-1) as MessageOf<'refuse'>;
    expect([code, sentence.length, sentence.slice(0, 5)]).toEqual(['worker-failed', 1000, '?[31m']);
  });
});
