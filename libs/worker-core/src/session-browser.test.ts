/** What a session owes a browser: secrets that outlive it, waking up, connections that cannot count bytes. */
import { describe, expect, it } from 'vitest';
import { memberSession as member, SessionHarness } from './session-harness.ts';

const sent = (bench: SessionHarness) => bench.connections.map((each) => each.sent.map(({ type }) => type).join(' '));

describe('a secret that outlives its session', () => {
  it('is shown in the first hello, and each new one is given out', () => {
    const kept: string[] = [];
    const former = '12'.repeat(16);
    const bench = new SessionHarness({ secret: { former, keep: (secret) => void kept.push(secret) } });
    bench.connection.events.opened();
    expect(bench.connection.sent).toMatchObject([{ type: 'hello', session: former }]);
    bench.connection.welcomes({ session: 'cd'.repeat(16) });
    bench.connection.breaks();
    bench.clock.advance(250);
    bench.connection.welcomes({ session: 'ef'.repeat(16) });
    expect(kept).toEqual(['cd'.repeat(16), 'ef'.repeat(16)]);
  });
});

describe('a worker in a hurry', () => {
  it('does not wait for its next try, and tries once', () => {
    const bench = member();
    bench.connection.breaks();
    bench.session.hurry();
    expect(bench.connections).toHaveLength(2);
    bench.session.hurry();
    bench.clock.advance(5_000);
    expect(bench.connections).toHaveLength(2);
  });

  it('asks a coordinator that seems to be there, and gives it up after 15 s', () => {
    const bench = member();
    bench.session.hurry();
    expect(sent(bench)).toEqual(['hello ping']);
    bench.clock.advance(14_999);
    expect(bench.notices.at(-1)).toMatchObject({ kind: 'joined' });
    bench.clock.advance(1);
    expect(bench.notices.at(-1)).toMatchObject({ kind: 'lost', sentence: 'the coordinator said nothing for 15 s' });
  });

  it('has its usual patience again once the coordinator has answered', () => {
    const bench = member();
    bench.session.hurry();
    bench.connection.says({ type: 'pong', incarnation: 1, id: 1 });
    bench.clock.advance(29_999);
    expect(bench.connection.isClosed).toBe(false);
    bench.clock.advance(1);
    expect(bench.connection.isClosed).toBe(true);
  });

  it('changes nothing before it is a member or when it is over', async () => {
    const bench = new SessionHarness();
    bench.session.hurry();
    bench.connection.events.opened();
    bench.session.hurry();
    expect(sent(bench)).toEqual(['hello']);
    bench.session.leave('enough', { graceMs: 0, busy: false });
    await bench.end();
    bench.session.hurry();
    expect(bench.connections).toHaveLength(1);
  });
});

describe('a connection that cannot count its bytes', () => {
  it('is given up after four times the silence, and the coordinator hears of the worker meanwhile', () => {
    const bench = member({ isBlind: true });
    bench.clock.advance(119_999);
    expect(bench.notices.at(-1)).toMatchObject({ kind: 'joined' });
    expect(sent(bench)[0].split(' ')).toHaveLength(1 + 23);
    expect(sent(bench)[0]).toMatch(/^hello( ping)+$/);
    bench.clock.advance(1);
    expect(bench.notices.at(-1)).toMatchObject({ kind: 'lost', sentence: 'the coordinator said nothing for 120 s' });
  });

  it('is asked for nothing while the coordinator is heard', () => {
    const bench = member({ isBlind: true });
    for (let seconds = 0; seconds < 60; seconds += 4) {
      bench.clock.advance(4_000);
      bench.connection.says({ type: 'ping', incarnation: 1, id: seconds });
    }
    expect(sent(bench)[0]).not.toContain('ping');
  });

  it('is given up as soon as any other during the greeting', () => {
    const bench = new SessionHarness({ isBlind: true });
    bench.connection.events.opened();
    bench.clock.advance(15_000);
    expect(bench.notices).toMatchObject([{ kind: 'lost', sentence: 'the coordinator said nothing for 15 s' }]);
  });
});

describe('patience without end', () => {
  it('goes on trying at the longest pause', () => {
    const bench = new SessionHarness({ reconnectSeconds: Infinity });
    for (let tries = 0; tries < 1000; tries++) {
      bench.connection.breaks();
      expect(bench.retryMs).toBeLessThanOrEqual(4_000);
      bench.clock.advance(4_000);
    }
    expect(bench.connections).toHaveLength(1001);
  });
});
