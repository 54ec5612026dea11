import { describe, expect, it } from 'vitest';
import { FleetBench, INCARNATION } from './fleet-harness.ts';

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
    const bench = new FleetBench();
    const workers = bench.join('a', 'b');
    const farewell = bench.fleet.dismiss('the run is complete', 60_000);
    for (const worker of workers) {
      expect(worker.of('done')[0].message.reason).toBe('the run is complete');
      worker.socket.hangUp();
    }
    await farewell;
  });

  it('without workers waits for nobody', async () => {
    await expect(new FleetBench().fleet.dismiss('over', 60_000)).resolves.toBeUndefined();
  });

  it('is not waited for longer than it was said', async () => {
    const bench = new FleetBench();
    bench.join('a');
    const ended = endOf(bench.fleet.dismiss('over', 6000));
    bench.pass(5900);
    expect(await ended()).toBe(false);
    bench.pass(100);
    expect(await ended()).toBe(true);
  });

  it('reaches a worker that was lost a moment ago and comes back', async () => {
    const bench = new FleetBench();
    const [a, b] = bench.join('a', 'b');
    b.socket.hangUp();
    bench.pass(1000);
    const ended = endOf(bench.fleet.dismiss('the run is complete', 60_000));
    a.socket.hangUp();
    bench.pass(3000);
    expect(await ended()).toBe(false);
    const again = bench.connect('b');
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
    const bench = new FleetBench({ resumed });
    if (!resumed) bench.join('a')[0].socket.hangUp();
    const ended = endOf(bench.fleet.dismiss('over', 60_000));
    bench.pass(ms - 100);
    expect(await ended()).toBe(false);
    bench.pass(100);
    expect(await ended()).toBe(true);
  });

  it('is not kept for a worker that said goodbye', async () => {
    const bench = new FleetBench();
    const [a] = bench.join('a');
    a.says({ type: 'leave', incarnation: INCARNATION, reason: 'enough' });
    a.socket.hangUp();
    await expect(bench.fleet.dismiss('over', 60_000)).resolves.toBeUndefined();
  });

  it('closes every connection', () => {
    const bench = new FleetBench();
    const [a] = bench.join('a');
    bench.fleet.disconnect();
    expect(a.socket.closedWith).toBe(1001);
  });
});
