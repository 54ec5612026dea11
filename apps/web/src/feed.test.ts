import { describe, expect, it } from 'vitest';
import { Feed } from './feed.ts';
import type { Source } from './feed.ts';
import { event, nowOf, snapshotOf } from './for-tests/snapshot.ts';

class FakeSource implements Source {
  readonly path: string;
  isClosed = false;
  readonly #listeners = new Map<string, (message: { readonly data?: unknown }) => void>();

  constructor(path: string) {
    this.path = path;
  }

  addEventListener(type: string, listener: (message: { readonly data?: unknown }) => void): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.isClosed = true;
  }

  say(type: string, data: object = {}): void {
    this.#listeners.get(type)!({ data: JSON.stringify(data) });
  }
}

function harness() {
  const told: string[] = [];
  const sources: FakeSource[] = [];
  const timers = new Map<() => void, number>();
  const answers: { status: number; body: unknown }[] = [];
  const server = { seq: 3, run: 'r', status: 200 };
  const feed = new Feed({
    listener: {
      snapshot: ({ seq }) => told.push(`snapshot ${seq}`),
      event: ({ seq }) => told.push(`event ${seq}`),
      now: () => told.push('now'),
      gap: (events) => told.push(`gap ${events}`),
      link: (link) => told.push(link),
    },
    ask: () => {
      const body = snapshotOf({ seq: server.seq, run: { ...snapshotOf().run, id: server.run } });
      if (server.status === 0) return Promise.reject(new Error('no network'));
      return Promise.resolve(answers.shift() ?? { status: server.status, body });
    },
    open: (path) => {
      const source = new FakeSource(path);
      sources.push(source);
      return source;
    },
    after: (ms, callback) => {
      timers.set(callback, ms);
      return () => void timers.delete(callback);
    },
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** What waits happens. */
  const later = async () => {
    const due = [...timers.keys()];
    timers.clear();
    for (const callback of due) callback();
    await settle();
  };
  const heard = () => told.splice(0);
  return { feed, sources, server, settle, later, heard, timers };
}

describe('the feed', () => {
  it('takes a snapshot and listens on from there', async () => {
    const { feed, sources, settle, heard } = harness();
    feed.start();
    await settle();
    expect(sources.map(({ path }) => path)).toEqual(['view/events?after=3']);
    sources[0].say('opened', { seq: 3, gap: false });
    sources[0].say('happened', event(4, 'saved'));
    sources[0].say('now', nowOf());
    expect(heard()).toEqual(['connecting', 'snapshot 3', 'live', 'event 4', 'now']);
  });

  it('goes on behind the last event after a break, and loses and repeats none', async () => {
    const { feed, sources, server, settle, later, heard } = harness();
    feed.start();
    await settle();
    sources[0].say('opened', { seq: 3, gap: false });
    sources[0].say('happened', event(4, 'saved'));
    heard();
    server.status = 0;
    sources[0].say('error');
    expect([heard(), sources[0].isClosed]).toEqual([['lost'], true]);
    await later();
    expect(heard()).toEqual(['lost']);
    Object.assign(server, { status: 200, seq: 6 });
    await later();
    expect(sources[1].path).toBe('view/events?after=4');
    sources[1].say('opened', { seq: 6, gap: false });
    for (const seq of [4, 5, 6]) sources[1].say('happened', event(seq, 'saved'));
    expect(heard()).toEqual(['snapshot 6', 'live', 'event 5', 'event 6']);
  });

  it('tells of events that are lost to it', async () => {
    const { feed, sources, settle, heard } = harness();
    feed.start();
    await settle();
    sources[0].say('opened', { seq: 50, gap: true });
    sources[0].say('happened', event(51, 'saved'));
    sources[0].say('happened', event(54, 'saved'));
    expect(heard()).toEqual(['connecting', 'snapshot 3', 'live', 'gap 47', 'event 51', 'gap 2', 'event 54']);
  });

  it('begins anew with another run', async () => {
    const { feed, sources, server, settle, later } = harness();
    feed.start();
    await settle();
    sources[0].say('happened', event(4, 'saved'));
    Object.assign(server, { run: 'other', seq: 1 });
    sources[0].say('error');
    await later();
    expect(sources[1].path).toBe('view/events?after=1');
  });

  it('takes silence for a break, and waits longer each time', async () => {
    const { feed, sources, server, settle, later, heard, timers } = harness();
    feed.start();
    await settle();
    sources[0].say('opened', { seq: 3, gap: false });
    heard();
    server.status = 503;
    await later();
    expect(heard()).toEqual(['lost']);
    const waits = [];
    for (let i = 0; i < 5; i++) {
      waits.push(...timers.values());
      await later();
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 4000]);
  });

  it('says that a token is asked for, and rests when it is told to', async () => {
    const { feed, sources, server, settle, heard, timers } = harness();
    server.status = 401;
    feed.start();
    await settle();
    expect([heard(), sources.length]).toEqual([['connecting', 'token'], 0]);
    server.status = 200;
    feed.start();
    await settle();
    feed.rest();
    sources[0].say('happened', event(4, 'saved'));
    expect([heard(), sources[0].isClosed, timers.size]).toEqual([['connecting', 'snapshot 3'], true, 0]);
  });
});
