import { describe, expect, it } from 'vitest';
import { encodeFrame } from '@gradcast/protocol';
import { FleetHarness, INCARNATION, stepSum, sumOf } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';

const control = { incarnation: INCARNATION, id: 1 };
/** Names of at most two characters, so that thousands fit a header. */
const keys = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [String.fromCharCode(64 + (i >> 6), 64 + (i & 63)), 1]));

/** Frames whose refusal was once longer than a header may be. */
const frames: [string, Uint8Array][] = [
  ['a pong with 3,900 unknown keys', encodeFrame({ type: 'pong', ...keys(3900) })],
  ['a pong with 200 unknown keys', encodeFrame({ type: 'pong', ...control, ...keys(200) })],
  ['a ping with a key of 16,345 characters', encodeFrame({ type: 'ping', ['k'.repeat(16_345)]: 1 })],
  ['a ping with keys of 250 bytes', encodeFrame({ type: 'ping', ...control, ...longKeys(60) })],
  ['a type of 16,000 characters', encodeFrame({ type: 't'.repeat(16_000) })],
  ['a fact whose name is 250 bytes long', encodeFrame({ type: 'hello', profile: longKeys(50) })],
];

function longKeys(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${'k'.repeat(240)}${i}`, 1]));
}

/** Answers what was asked, and what is asked upon that. */
function answerAll(worker: FakeWorker): void {
  for (let next = 0; next < worker.leases.length; next++) worker.answer(worker.leases[next]);
}

describe('one frame', () => {
  it.each(frames)('such as %s costs its sender the connection and nobody else anything', async (_, frame) => {
    const harness = new FleetHarness();
    const [honest] = harness.join('honest');
    const step = harness.fleet.open(0);
    const before = harness.connect('stranger');
    const after = harness.join('liar')[0];
    for (const worker of [before, after]) {
      worker.bytes(frame);
      expect(worker.refusedWith).toMatch(/^(message-invalid|frame-malformed)$/);
      expect(worker.of('refuse')[0].message.sentence.length).toBeLessThan(500);
      expect(worker.socket.closedWith).toBe(1008);
      worker.socket.hangUp();
    }
    answerAll(honest);
    expect(await sumOf(step)).toEqual(stepSum(0));
  });
});

describe('an exception while a message is handled', () => {
  /** A fleet with a defect: it fails when a replica is wrong, and when a worker is gone. */
  function defective(
    fail: (error: Error) => void = (error) => {
      throw error;
    },
  ) {
    const harness = new FleetHarness();
    const [honest, unlucky] = harness.join('honest', 'unlucky');
    harness.events.mismatch = harness.events.left = () => fail(new RangeError('nobody foresaw this'));
    const meetIt = (worker: FakeWorker) =>
      worker.result({ start: worker.lease.first, size: 1 }, { change: { fingerprint: 'f'.repeat(32) } });
    return { harness, honest, unlucky, meetIt };
  }

  it('costs its sender the connection; the step is closed by the others', async () => {
    const { harness, honest, unlucky, meetIt } = defective();
    const step = harness.fleet.open(0);
    meetIt(unlucky);
    expect(harness.told).toContain('failed unlucky RangeError: nobody foresaw this');
    expect([unlucky.refusedWith, unlucky.socket.closedWith]).toEqual(['message-failed', 1008]);
    answerAll(honest);
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('ends the connection even if refusing fails as well', () => {
    const { harness, unlucky, meetIt } = defective();
    harness.fleet.open(0);
    harness.events.refused = () => {
      throw new Error('again');
    };
    meetIt(unlucky);
    expect(unlucky.socket.terminated).toBe(true);
    expect(harness.fleet.active).toBe(1);
  });

  it.each(['a ping', 'a look at its link', 'a snapshot'])('in %s that is due costs that worker alone', async (what) => {
    const harness = new FleetHarness();
    const [honest, unlucky] = harness.join('honest', 'unlucky');
    const step = harness.fleet.open(0);
    const fails = () => {
      throw new RangeError('nobody foresaw this');
    };
    let looks = true;
    const bytesRead = () => (looks ? 0 : fails());
    const looked = harness.connect('looked', {}, { bytesRead });
    looked.hello();
    if (what === 'a look at its link') looks = false;
    if (what === 'a ping') looked.socket.send = fails;
    if (what === 'a snapshot') {
      Object.defineProperty(looked.socket, 'bufferedAmount', { get: fails });
      looked.ready();
    }
    harness.pass(5000, () => [honest, unlucky].forEach((each) => each.says({ type: 'pong', ...control })));
    expect(harness.count('failed looked RangeError: nobody foresaw this')).toBeGreaterThan(0);
    expect([looked.socket.closedWith !== undefined || looked.socket.terminated, unlucky.refusedWith]).toEqual([
      true,
      undefined,
    ]);
    for (const each of [honest, unlucky, honest]) answerAll(each);
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('is none of the process’s business when a connection goes, either', () => {
    const { harness, honest, unlucky } = defective();
    unlucky.socket.hangUp();
    expect(harness.told).toContain('failed unlucky RangeError: nobody foresaw this');
    expect(harness.fleet.workers.map(({ name }) => name)).toEqual(['honest']);
    expect(honest.refusedWith).toBeUndefined();
  });
});
