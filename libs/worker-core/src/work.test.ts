import { encodeFrame } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';
import { FakeThread } from './fake-thread.ts';
import { FakeNetwork, INTRODUCTION } from './session-harness.ts';
import { Work } from './work.ts';

/** A worker whose thread, connections and clock a test plays; it runs. */
async function working() {
  const thread = new FakeThread();
  const network = new FakeNetwork();
  const clock = new FakeClock();
  const notes: unknown[] = [];
  const work = new Work({
    compute: await thread.loaded(),
    introduction: INTRODUCTION,
    connect: network.connect,
    clock,
    jitter: () => 0.5,
    reconnectSeconds: 60,
    graceSeconds: 10,
    events: {
      notice: (event, sentence) => void notes.push([event.kind, sentence, ...('code' in event ? [event.code] : [])]),
      measured: (ms, images) => void notes.push(['measured', ms, images]),
      waited: (ms) => void notes.push(['waited', ms]),
    },
  });
  return { thread, network, clock, notes, work, ended: work.run() };
}

async function member() {
  const worker = await working();
  worker.network.connection.welcomes();
  worker.notes.length = 0;
  return worker;
}

describe('a worker', () => {
  it('is a member from the welcome until the connection is lost', async () => {
    const { work, network, notes } = await working();
    expect(work.isMember).toBe(false);
    network.connection.welcomes();
    expect(work.isMember).toBe(true);
    network.connection.breaks();
    expect(work.isMember).toBe(false);
    expect(notes).toEqual([
      ['joined', undefined],
      ['lost', 'it broke; trying again'],
    ]);
  });

  it('tells people once of a trouble that lasts, and again after it was over', async () => {
    const { network, clock, notes } = await member();
    network.connection.breaks();
    for (let tries = 0; tries < 2; tries++) {
      clock.advance(5000);
      network.connection.breaks();
    }
    clock.advance(5000);
    network.connection.welcomes();
    network.connection.breaks();
    const told = notes.filter((note) => Array.isArray(note) && note[0] === 'lost');
    expect(told).toEqual([
      ['lost', 'it broke; trying again'],
      ['lost', undefined],
      ['lost', undefined],
      ['lost', 'it broke; trying again'],
    ]);
  });

  it('says why it gets no work', async () => {
    const { network, notes } = await member();
    const rates = { bytesPerSecond: 2_000_000, neededBytesPerSecond: 5_000_000 };
    network.connection.says({ type: 'parked', incarnation: 1, ...rates });
    const sentence = 'the coordinator has parked this worker: it takes 2.0 MB/s and needs 5.0 MB/s to keep up';
    expect(notes).toEqual([['parked', sentence]]);
  });

  it.each([
    ['paused', 'the run is paused by its operator; this worker waits'],
    ['running', 'the run goes on'],
    ['stopping', 'the run is being stopped'],
  ] as const)('says that the run is %s', async (state, sentence) => {
    const { network, notes, work } = await member();
    network.connection.says({ type: 'state', incarnation: 1, state });
    expect([notes, work.isMember]).toEqual([[['state', sentence]], true]);
  });

  it('says what becomes of its device, and stays a member', async () => {
    const { thread, notes, work } = await member();
    thread.says({ type: 'device', event: { kind: 'lost', sentence: 'the GPU is gone; asking for it again' } });
    thread.says({ type: 'device', event: { kind: 'back', sentence: 'the GPU is back' } });
    const singly = { kind: 'singly', sentence: 'the sums differ', code: 'webgpu-sums-differ' } as const;
    thread.says({ type: 'device', event: singly });
    expect(notes).toEqual([
      ['device-lost', 'the GPU is gone; asking for it again'],
      ['device-back', 'the GPU is back'],
      ['device-singly', 'the sums differ', 'webgpu-sums-differ'],
    ]);
    expect(work.isMember).toBe(true);
  });

  it('adds up the time without work, as a member only', async () => {
    const { thread, network, clock, notes } = await working();
    clock.advance(1000);
    network.connection.welcomes();
    notes.length = 0;
    thread.says({ type: 'measured', computeMs: 300, images: 32 });
    clock.advance(2000);
    expect(notes).toEqual([
      ['measured', 300, 32],
      ['waited', 700],
      ['waited', 1000],
    ]);
  });

  it('passes frames on in both directions', async () => {
    const { thread, network } = await member();
    const { sent } = network.connection;
    network.connection.says({ type: 'average', incarnation: 1, version: 0, scalars: null });
    expect(thread.told.map(({ message }) => message.type)).toEqual(['frame', 'frame']);
    const before = sent.length;
    thread.says({ type: 'frame', bytes: encodeFrame({ type: 'applied', incarnation: 1, version: 1 }) });
    expect(sent.slice(before)).toEqual([{ type: 'applied', incarnation: 1, version: 1 }]);
  });
});

describe('the end of a worker', () => {
  it('comes at once if it is told to leave with nothing to do', async () => {
    const { thread, network, work, ended, clock } = await member();
    thread.says({ type: 'idle', taken: 1 });
    work.leave('the worker was told to stop', 1000);
    expect(await ended).toEqual({ kind: 'left' });
    expect(network.connection.sent.at(-1)).toMatchObject({ type: 'leave', reason: 'the worker was told to stop' });
    expect([work.isMember, clock.pending]).toEqual([false, 0]);
  });

  it('waits for what is being computed, within its grace', async () => {
    for (const finish of [true, false]) {
      const { thread, work, ended, clock } = await member();
      let isOver = false;
      void ended.then(() => (isOver = true));
      work.leave('the worker was told to stop', 1000);
      clock.advance(999);
      await Promise.resolve();
      expect(isOver).toBe(false);
      if (finish) thread.says({ type: 'idle', taken: 1 });
      else clock.advance(1);
      expect(await ended).toEqual({ kind: 'left' });
    }
  });

  it('comes when it is drained, once it has finished what it has', async () => {
    const { thread, network, work, ended, clock, notes } = await member();
    const { connection } = network;
    connection.says({ type: 'drain', incarnation: 1, reason: 'drained by the operator' });
    expect(notes).toEqual([['drain', 'the coordinator lets this worker go: drained by the operator']]);
    expect(connection.sent.at(-1)).toMatchObject({ type: 'leave', reason: 'drained by the operator' });
    // Told again, and by its own process: neither takes what it is finishing.
    connection.says({ type: 'drain', incarnation: 1, reason: 'drained by the operator' });
    work.leave('the worker was told to stop', 0);
    clock.advance(9_999);
    expect(connection.isClosed).toBe(false);
    thread.says({ type: 'idle', taken: 1 });
    expect(await ended).toEqual({ kind: 'left' });
    expect(connection.sent.filter(({ type }) => type === 'leave')).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('comes when it is drained after its grace at the latest, and at once with nothing to do', async () => {
    const slow = await member();
    slow.network.connection.says({ type: 'drain', incarnation: 1, reason: 'drained' });
    slow.clock.advance(10_000);
    expect(await slow.ended).toEqual({ kind: 'left' });
    const idle = await member();
    idle.thread.says({ type: 'idle', taken: 1 });
    idle.network.connection.says({ type: 'drain', incarnation: 1, reason: 'drained' });
    expect(await idle.ended).toEqual({ kind: 'left' });
  });

  it('is told to the coordinator when the thread has failed', async () => {
    const { thread, network, ended } = await member();
    thread.ends('the compute thread ended with code 7');
    const sentence = 'the compute thread ended with code 7';
    expect(await ended).toEqual({ kind: 'refused', code: 'compute-failed', sentence });
    expect(network.connection.sent.at(-1)).toMatchObject({ type: 'refuse', code: 'compute-failed', sentence });
  });
});
