import { describe, expect, it } from 'vitest';
import { LOCAL } from '../network/credentials.ts';
import { FleetHarness, INCARNATION, stepSum, sumOf } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';

const statesTold = (worker: FakeWorker) => worker.of('state').map(({ message }) => message.state);
const left = (harness: FleetHarness) => harness.told.filter((words) => words.startsWith('left'));
const secretOf = (worker: FakeWorker) => worker.of('welcome')[0].message.session;

/** Does what a worker does when it is told to go. */
function goes(worker: FakeWorker): void {
  worker.says({ type: 'leave', incarnation: INCARNATION, reason: 'in its own words' });
}

describe('what is done with a run', () => {
  it('is told to every worker, and to those who come during a pause, but for those who have not said hello', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    const silent = harness.connect('silent');
    harness.fleet.hold();
    const [b] = harness.join('b');
    harness.fleet.release();
    const [c] = harness.join('c');
    expect([a, silent, b, c].map(statesTold)).toEqual([['paused', 'running'], [], ['paused', 'running'], []]);
    harness.fleet.stop();
    expect([a, b, c].map((worker) => statesTold(worker).at(-1))).toEqual(['stopping', 'stopping', 'stopping']);
  });

  it('is nothing to an arbiter', () => {
    const harness = new FleetHarness({ isAudited: () => true, hasArbiter: true });
    const [a] = harness.join('a');
    harness.fleet.open(0);
    a.answer();
    const [arbiter] = harness.arbitersCome();
    harness.fleet.hold();
    expect([arbiter.of('welcome').length, statesTold(arbiter)]).toEqual([1, []]);
  });
});

describe('a drained worker', () => {
  it('finishes what it has, is asked for nothing more, and none of its leases is lost', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    harness.fleet.prepare(1);
    expect(harness.fleet.drain('a', 'ann')).toBe('asked');
    expect(a.of('drain').map(({ message }) => message.reason)).toEqual(['drained by the operator']);
    goes(a);
    expect(harness.fleet.workers.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'leaving'],
      ['b', 'leased'],
    ]);
    b.answer(b.leases[0]);
    a.answer(a.leases[0]);
    expect(await sumOf(step)).toEqual(stepSum(0));
    expect(left(harness)).toEqual([]);
    a.socket.hangUp();
    expect(left(harness)).toEqual(['left a drained drained by the operator']);
    harness.next();
    b.applied(1);
    harness.fleet.open(1);
    b.answer();
    expect([a.asked.length, b.asked.slice(1)]).toEqual([2, ['4+4', '0+4']]);
    expect(harness.told.filter((words) => /expired|late|refused/.test(words))).toEqual([]);
  });

  it('is asked for nothing more from the moment on, whether it has answered or not', () => {
    const harness = new FleetHarness();
    harness.join('a');
    harness.fleet.drain('a', 'ann');
    harness.fleet.open(0);
    expect(harness.fleet.active).toBe(0);
    const [b] = harness.join('b');
    expect(b.asked).toEqual(['0+8']);
  });

  it('is drained once', () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    expect([
      harness.fleet.drain('a', 'ann'),
      harness.fleet.drain('a', 'ann'),
      harness.fleet.drain('nobody', 'ann'),
    ]).toEqual(['asked', 'leaving', 'unknown']);
    goes(b);
    expect(harness.fleet.drain('b', 'ann')).toBe('leaving');
    expect([a.of('drain').length, b.of('drain').length]).toEqual([1, 0]);
    expect(harness.count('drain-asked a ann')).toBe(1);
    a.socket.hangUp();
    expect(harness.fleet.drain('a', 'ann')).toBe('unknown');
  });

  it('that loses its connection before it has answered is lost, and is drained when it comes back', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.drain('a', 'ann');
    a.socket.hangUp();
    expect(left(harness)).toEqual(['left a lost the connection ended']);
    const [stranger] = harness.join('a');
    expect(stranger.of('drain')).toEqual([]);
    stranger.socket.hangUp();
    const back = harness.connect('whatever');
    back.hello(secretOf(a));
    expect(back.socket.sent.map(({ message }) => message.type)).toEqual(['welcome', 'drain']);
    back.ready();
    expect([back.refusedWith, back.of('snapshot').length]).toEqual([undefined, 0]);
    goes(back);
    back.socket.hangUp();
    expect(left(harness).at(-1)).toBe('left a drained drained by the operator');
    const again = harness.connect('whatever');
    again.hello(secretOf(back));
    expect(again.of('drain')).toEqual([]);
  });

  it('may still be building its engine', () => {
    const harness = new FleetHarness();
    const worker = harness.connect('a');
    worker.hello();
    harness.fleet.drain('a', 'ann');
    worker.ready();
    goes(worker);
    expect([worker.refusedWith, worker.of('snapshot').length]).toEqual([undefined, 0]);
  });

  it('that does not go is refused after ten minutes', () => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    harness.fleet.drain('a', 'ann');
    const pong = () => a.says({ type: 'pong', incarnation: INCARNATION, id: 1 });
    harness.pass(600_000, pong);
    expect(a.refusedWith).toBeUndefined();
    harness.pass(100, pong);
    expect(a.refusedWith).toBe('silent');
  });

  it('is never an arbiter', () => {
    const harness = new FleetHarness({ isAudited: () => true, hasArbiter: true });
    const [a] = harness.join('a');
    harness.fleet.open(0);
    a.answer();
    const [{ name }] = harness.arbiterRequests;
    harness.arbitersCome();
    expect(harness.fleet.drain(name, 'ann')).toBe('unknown');
  });

  it('is one of the command’s own as well', () => {
    const harness = new FleetHarness();
    const local = harness.connect('local-0', {}, { credential: LOCAL });
    local.hello();
    expect([harness.fleet.drain('local-0', 'ann'), local.of('drain').length]).toEqual(['asked', 1]);
  });
});

describe('why a worker is gone', () => {
  it.each<[string, string, (worker: FakeWorker, harness: FleetHarness) => void]>([
    ['its connection was lost', 'lost the connection ended', () => undefined],
    ['it said so', 'left in its own words', goes],
    ['the run is over', 'dismissed it is over', (_, { fleet }) => void fleet.dismiss('it is over', 60_000)],
    [
      'it said so before the run was over',
      'left in its own words',
      (worker, { fleet }) => {
        goes(worker);
        void fleet.dismiss('it is over', 60_000);
      },
    ],
  ])('is told when it is gone: %s', (_, told, prepare) => {
    const harness = new FleetHarness();
    const [a] = harness.join('a');
    prepare(a, harness);
    expect(left(harness)).toEqual([]);
    a.socket.hangUp();
    expect(left(harness)).toEqual([`left a ${told}`]);
  });
});
