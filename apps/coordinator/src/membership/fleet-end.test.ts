import { describe, expect, it } from 'vitest';
import { FleetHarness, INCARNATION } from '../run/fleet-harness.ts';

/** Tells whether a promise has settled by now. */
function endOf(promise: Promise<void>): () => Promise<boolean> {
  let ended = false;
  void promise.then(() => (ended = true));
  return async () => {
    await Promise.resolve();
    await Promise.resolve();
    return ended;
  };
}

describe('the end of a run', () => {
  it('is told to every worker and waits until they are gone', async () => {
    const harness = new FleetHarness();
    const workers = harness.join('a', 'b');
    const drained = harness.fleet.dismiss('the run is complete', 60_000);
    for (const worker of workers) {
      expect(worker.of('done')[0].message.reason).toBe('the run is complete');
      worker.socket.hangUp();
    }
    await drained;
  });

  it('without workers waits for nobody', async () => {
    await expect(new FleetHarness().fleet.dismiss('over', 60_000)).resolves.toBeUndefined();
  });

  it('is not waited for longer than it was said', async () => {
    const harness = new FleetHarness();
    harness.join('a');
    const ended = endOf(harness.fleet.dismiss('over', 6000));
    harness.pass(5900);
    expect(await ended()).toBe(false);
    harness.pass(100);
    expect(await ended()).toBe(true);
  });

  it('reaches a worker that was lost a moment ago and comes back', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    b.socket.hangUp();
    harness.pass(1000);
    const ended = endOf(harness.fleet.dismiss('the run is complete', 60_000));
    a.socket.hangUp();
    harness.pass(3000);
    expect(await ended()).toBe(false);
    const again = harness.connect('b');
    again.hello();
    expect(again.socket.sent.map(({ message }) => message.type)).toEqual(['welcome', 'done']);
    expect(await ended()).toBe(false);
    again.socket.hangUp();
    expect(await ended()).toBe(true);
  });

  it.each([
    ['who does not come back within five seconds', false, 5000],
    ['an earlier start of the run may have had', true, 5000],
  ])('is kept for a worker %s', async (_, resumed, ms) => {
    const harness = new FleetHarness({ resumed });
    if (!resumed) harness.join('a')[0].socket.hangUp();
    const ended = endOf(harness.fleet.dismiss('over', 60_000));
    harness.pass(ms - 100);
    expect(await ended()).toBe(false);
    harness.pass(100);
    expect(await ended()).toBe(true);
  });

  it('is not kept for a worker that said goodbye', async () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    a.says({ type: 'leave', incarnation: INCARNATION, reason: 'enough' });
    a.socket.hangUp();
    await expect(harness.fleet.dismiss('over', 60_000)).resolves.toBeUndefined();
  });

  it('closes every connection', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.disconnect();
    expect(a.socket.closedWith).toBe(1001);
  });
});
