import { describe, expect, it } from 'vitest';
import { FleetHarness, stepSum, sumOf } from '../run/fleet-harness.ts';

const spoil = (vector: Float32Array) => (vector[5] = NaN);

describe('a result', () => {
  it('of a step that is over is late', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    const old = a.lease;
    a.answer();
    a.answer(old);
    harness.next();
    harness.fleet.open(1);
    a.answer(old);
    expect(harness.count('late a')).toBe(2);
  });

  it('that comes twice, or for another lease, is a duplicate', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    a.answer();
    a.answer();
    b.result({ start: 4, size: 4 }, { change: { lease: a.lease.lease } });
    b.result({ start: 0, size: 8 });
    b.result({ start: 3, size: 1 });
    expect([harness.count('duplicate a'), harness.count('duplicate b')]).toEqual([1, 3]);
    b.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it.each([
    { start: 1, size: 2 },
    { start: 2, size: 4 },
    { start: 0, size: 3 },
    { start: 0, size: 6 },
  ])('for $start+$size, which is no subtree, ends the connection and nothing else', (subtree) => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    a.result(subtree, { vector: new Float32Array(48) });
    expect(a.refusedWith).toBe('message-invalid');
    const [b] = harness.join('b');
    expect(b.asked).toEqual(['0+8']);
  });

  it('of another incarnation is dropped', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    const step = harness.fleet.open(0);
    a.result({ start: 0, size: 8 }, { change: { incarnation: 2 } });
    expect([step.isClosed, a.refusedWith, harness.told]).toEqual([false, undefined, ['joined a']]);
  });

  it.each([-4, 4, -192])('with %i bytes too many ends the connection', (bytes) => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    a.result({ start: 0, size: 8 }, { vector: new Float32Array(48 + bytes / 4) });
    expect(a.refusedWith).toBe('payload-length');
  });

  it('that comes before this process has taken the step waits for it', async () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.open(0);
    a.answer();
    void harness.fleet.broadcast(0, new Uint8Array(128), { alpha: 1, oneMinusBeta1: 1, oneMinusBeta2: 1, epsilon: 1 });
    const step = harness.fleet.open(1);
    a.answer();
    expect(step.isClosed).toBe(false);
    harness.publish(1);
    expect(await sumOf(step)).toEqual(stepSum(1));
  });

  it('from a wrong replica is not used; its worker gets a snapshot three times, then is refused', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    const step = harness.fleet.open(0);
    for (let miss = 1; miss <= 4; miss++) {
      expect(a.of('snapshot')).toHaveLength(miss);
      a.result({ start: 0, size: 8 }, { change: { fingerprint: 'ff'.repeat(16) } });
      expect(harness.count('mismatch a')).toBe(miss);
    }
    expect([a.refusedWith, step.isClosed]).toEqual(['replica-mismatch', false]);
  });
});

describe('numbers that look wrong', () => {
  it('from the only worker are the model’s: the step closes with them', async () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    const step = harness.fleet.open(0);
    a.answer(a.lease, spoil);
    expect((await sumOf(step))?.[5]).toBeNaN();
    expect([a.refusedWith, harness.count('refused a')]).toEqual([undefined, 1]);
  });

  it('are refuted by another worker, and count as a strike for who sent them', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    a.answer(a.lease, spoil);
    b.answer();
    expect([a.asked, b.asked]).toEqual([['0+4'], ['4+4', '0+4']]);
    b.answer();
    expect(a.refusedWith).toBe('result-numeric');
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('from two workers are the model’s', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    a.answer(a.lease, spoil);
    b.answer();
    b.answer(b.lease, spoil);
    expect((await sumOf(step))?.[5]).toBeNaN();
    expect([a.refusedWith, b.refusedWith]).toEqual([undefined, undefined]);
  });

  it('are the model’s once whoever could have refuted them is gone', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    a.answer(a.lease, spoil);
    expect(step.isClosed).toBe(false);
    b.socket.hangUp();
    harness.pass(100);
    a.answer(a.lease);
    expect((await sumOf(step))?.[5]).toBeNaN();
  });

  it('wait for whoever could refute them but is only late, and for somebody to come when all are gone', () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    harness.pass(5_000);
    a.answer(a.lease, spoil);
    harness.pass(1_000);
    expect([step.isClosed, b.refusedWith]).toEqual([false, undefined]);
    for (const worker of [a, b]) worker.socket.hangUp();
    harness.pass(1_000);
    expect(step.isClosed).toBe(false);
  });

  it('include a norm above the bound', async () => {
    const harness = new FleetHarness();
    harness.publish(0, 1e6);
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    a.answer(a.lease, (vector) => (vector[0] = 1e8));
    b.answer();
    b.answer();
    expect(a.refusedWith).toBe('result-numeric');
    expect(await sumOf(step)).toEqual(stepSum(0));
  });

  it('in the tail count too, but not for the norm', async () => {
    const harness = new FleetHarness();
    harness.publish(0, 1e6);
    const [a] = harness.join('a');
    const step = harness.fleet.open(0);
    a.answer(a.lease, (vector) => (vector[40] = 1e30));
    expect((await sumOf(step))?.[40]).toBe(Math.fround(1e30));
    expect(harness.count('refused a')).toBe(0);
  });
});
