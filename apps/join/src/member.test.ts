import { encodeFrame, decodeFromWorker } from '@gradcast/protocol';
import type { CoordinatorMessage, WorkerMessage } from '@gradcast/protocol';
import type { Connect, ConnectionEvents, FromCompute, ThreadEvents, ToCompute } from '@gradcast/worker-core';
import { describe, expect, it } from 'vitest';
import type { KeptSecret } from './connect.ts';
import { WELCOME } from './for-tests/welcome.ts';
import { Member } from './member.ts';

const PROFILE = {
  backend: 'wasm',
  libraryVersion: '4.22.0',
  device: 'cpu',
  threads: 1,
  features: 'simd128',
  mode: 'eager',
} as const;

/** A member whose thread, connections and clock a test plays. */
function stage() {
  let thread: ThreadEvents | undefined;
  const told: ToCompute[] = [];
  const ends: string[] = [];
  const limits: number[] = [];
  const states: string[] = [];
  const leaves: number[] = [];
  const connections: {
    readonly events: ConnectionEvents;
    readonly sent: WorkerMessage[];
    readonly secret: string | null;
  }[] = [];
  const timers: { readonly ms: number; readonly callback: () => void }[] = [];
  const connect =
    (secret: KeptSecret): Connect =>
    (events) => {
      const sent: WorkerMessage[] = [];
      connections.push({ events, sent, secret: secret.value });
      return {
        bytesRead: () => 0,
        send: (bytes) => void sent.push(decodeFromWorker(bytes).message),
        close: () => Promise.resolve(),
      };
    };
  const member = new Member({
    name: 'tab',
    thread: {
      start: (events) => {
        thread = events;
        return { post: (message) => void told.push(message) };
      },
      limit: (share) => void limits.push(share),
      end: () => void ends.push('thread'),
    },
    connect,
    clock: {
      now: () => 5,
      after: (ms, callback) => {
        const timer = { ms, callback };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), 1);
      },
    },
    jitter: () => 0.5,
    sha256: () => Promise.resolve('ab'.repeat(32)),
    changed: () => {
      if (states.at(-1) !== member.state.name) states.push(member.state.name);
    },
    measured: (_, images) => void leaves.push(images),
  });
  const says = (message: CoordinatorMessage) => connections.at(-1)!.events.message(encodeFrame(message));
  return {
    ...{ member, told, ends, limits, states, leaves, connections, timers, says },
    fromThread: (message: FromCompute) => thread?.message(message),
    threadEnds: (sentence: string) => thread?.ended(sentence),
    loads: async () => {
      thread?.message({ type: 'loaded', profile: PROFILE });
      await turns();
    },
    welcomes: async () => {
      connections.at(-1)!.events.opened();
      says(WELCOME);
      await turns();
    },
    /** Rings the newest timer: that of a retry or a grace. */
    ring: async () => {
      timers.pop()!.callback();
      await turns();
    },
  };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}

async function joined() {
  const bench = stage();
  bench.member.start();
  await turns();
  await bench.loads();
  await bench.welcomes();
  return bench;
}

describe('a member', () => {
  it('loads, joins and takes part, and nothing of it before it is started', async () => {
    const bench = stage();
    await turns();
    expect([bench.member.state.name, bench.connections]).toEqual(['resting', []]);
    bench.member.start();
    await turns();
    await bench.loads();
    await bench.welcomes();
    expect(bench.states).toEqual(['loading', 'joining', 'member']);
    expect(bench.connections[0].sent).toMatchObject([{ type: 'hello', name: 'tab', metricsPort: null, session: null }]);
    bench.fromThread({ type: 'measured', computeMs: 5, images: 32 });
    expect([bench.leaves, bench.member.session]).toEqual([[32], WELCOME.session]);
  });

  it('comes back after a lost connection by the secret of its session, at once if told so', async () => {
    const bench = await joined();
    bench.connections[0].events.closed({ kind: 'unreachable', sentence: 'gone' });
    await turns();
    expect(bench.member.state).toEqual({ name: 'retrying', sentence: 'gone' });
    bench.member.hurry();
    expect(bench.connections.map(({ secret }) => secret)).toEqual([null, WELCOME.session]);
    await bench.welcomes();
    expect(bench.member.state.name).toBe('member');
  });

  it('never stops trying', async () => {
    const bench = await joined();
    for (let tries = 0; tries < 100; tries++) {
      bench.connections.at(-1)!.events.closed({ kind: 'unreachable', sentence: 'gone' });
      await bench.ring();
    }
    expect(bench.connections).toHaveLength(101);
    expect(bench.member.state.name).toBe('retrying');
  });

  it('says goodbye when it pauses, and comes back as who it was, with nothing loaded again', async () => {
    const bench = await joined();
    bench.fromThread({ type: 'idle', taken: 1 });
    const paused = bench.member.pause();
    await paused;
    expect(bench.connections[0].sent.at(-1)).toMatchObject({ type: 'leave', reason: 'the visitor paused' });
    expect([bench.member.state.name, bench.ends]).toEqual(['resting', []]);
    bench.member.start();
    await turns();
    expect(bench.connections[1].secret).toBe(WELCOME.session);
    await bench.welcomes();
    expect(bench.connections[1].sent).toMatchObject([{ type: 'hello', session: WELCOME.session }]);
    expect(bench.states.slice(2)).toEqual(['member', 'resting', 'joining', 'member']);
  });

  it('is given 3 s to finish what it has', async () => {
    const bench = await joined();
    let isOver = false;
    void bench.member.pause().then(() => (isOver = true));
    await turns();
    expect(isOver).toBe(false);
    expect(bench.timers.map(({ ms }) => ms)).toContain(3_000);
    await bench.ring();
    expect([isOver, bench.told.at(-1)]).toEqual([true, { type: 'disconnected' }]);
  });

  it('ends its compute worker for good, also while that is loading', async () => {
    const bench = stage();
    bench.member.start();
    await turns();
    await bench.member.end();
    expect(bench.ends).toEqual(['thread']);
    const other = await joined();
    other.fromThread({ type: 'idle', taken: 1 });
    await other.member.end();
    expect([other.ends, other.member.state.name]).toEqual([['thread'], 'resting']);
  });

  it('that is paused while it loads does not join', async () => {
    const bench = stage();
    bench.member.start();
    await turns();
    await bench.member.pause();
    await bench.loads();
    expect([bench.connections, bench.member.state.name]).toEqual([[], 'resting']);
    bench.member.start();
    await turns();
    expect(bench.connections).toHaveLength(1);
  });

  it('hands its share of a core on', () => {
    const bench = stage();
    bench.member.limit(0.3);
    expect(bench.limits).toEqual([0.3]);
  });

  it('tells of a device that is lost until it is back', async () => {
    const bench = await joined();
    const tells = (kind: 'lost' | 'back' | 'full', sentence: string) =>
      bench.fromThread({ type: 'device', event: { kind, sentence } });
    tells('full', 'one plan at a time');
    expect(bench.member.state).toEqual({ name: 'member', since: 5, work: 'running' });
    tells('lost', 'the GPU is gone; asking for it again');
    expect(bench.member.state).toMatchObject({ name: 'member', lost: 'the GPU is gone; asking for it again' });
    tells('back', 'the GPU is back');
    expect(bench.member.state).toEqual({ name: 'member', since: 5, work: 'running' });
  });

  it('knows of the run what its operator says', async () => {
    const bench = await joined();
    bench.says({ type: 'state', incarnation: 1, state: 'paused' });
    expect(bench.member.state).toMatchObject({ name: 'member', work: 'paused' });
    bench.says({ type: 'parked', incarnation: 1, bytesPerSecond: 1, neededBytesPerSecond: 2 });
    expect(bench.member.state).toMatchObject({ name: 'member', work: 'parked' });
  });
});

describe('the end of a member', () => {
  it('comes with the run', async () => {
    const bench = await joined();
    bench.says({ type: 'done', incarnation: 1, reason: 'the run is complete' });
    await turns();
    expect(bench.member.state).toEqual({ name: 'over', how: 'done', sentence: 'the run is complete' });
  });

  it('comes with a refusal, after which it is a newcomer', async () => {
    const bench = await joined();
    bench.says({ type: 'refuse', code: 'audit-lost', sentence: 'a result was wrong', retry: 'never' });
    await turns();
    expect(bench.member.state).toEqual({ name: 'over', how: 'refused', sentence: 'a result was wrong' });
    expect(bench.member.session).toBeNull();
    bench.member.start();
    await turns();
    expect(bench.connections.at(-1)!.secret).toBeNull();
  });

  it('comes with a word of the operator', async () => {
    const bench = await joined();
    bench.fromThread({ type: 'idle', taken: 1 });
    bench.says({ type: 'drain', incarnation: 1, reason: 'enough of you' });
    await turns();
    expect(bench.connections[0].sent.at(-1)).toMatchObject({ type: 'leave' });
    expect(bench.member.state).toEqual({ name: 'over', how: 'dismissed', sentence: 'enough of you' });
  });

  it.each([[true], [false]])('comes with that of its compute worker (loaded: %s)', async (isLoaded) => {
    const bench = isLoaded ? await joined() : stage();
    bench.member.start();
    await turns();
    bench.threadEnds('out of memory');
    await turns();
    expect(bench.member.state).toEqual({ name: 'over', how: 'failed', sentence: 'out of memory' });
    bench.member.start();
    await turns();
    expect(bench.member.state.name).toBe('loading');
  });
});
