/** What a peer may cost a fleet: messages, places, snapshots, large frames. */
import { describe, expect, it } from 'vitest';
import { FleetHarness, INCARNATION, PADDING, stepSum, sumOf } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';
import type { Connection } from '../network/connection.ts';
import { AVERAGE_LIMIT } from '../membership/peer.ts';

const own = (name: string) => ({ credential: { kind: 'own', name, role: 'worker' } as const });

/** Comes as far as a hello. */
function greet(harness: FleetHarness, name: string, connection: Partial<Connection> = {}): FakeWorker {
  const worker = harness.connect(name, {}, connection);
  worker.hello();
  return worker;
}

const sessionOf = (worker: FakeWorker) => worker.of('welcome')[0].message.session;

describe('a flood', () => {
  it.each(['ping', 'pong'] as const)('of %ss costs its sender the connection', (type) => {
    const harness = new FleetHarness();
    const [honest, flooder] = harness.join('honest', 'flooder');
    let sent = 0;
    while (flooder.refusedWith === undefined && sent < 1000) {
      flooder.says({ type, incarnation: INCARNATION, id: ++sent });
    }
    expect([flooder.refusedWith, sent < 110]).toEqual(['too-many-messages', true]);
    expect(honest.refusedWith).toBeUndefined();
  });

  it('of one holder over many connections is one flood', () => {
    const harness = new FleetHarness();
    const flooders = Array.from({ length: 40 }, (_, i) => greet(harness, `f${i}`, own('flooder')));
    for (let round = 0; round < 60; round++) {
      for (const each of flooders) each.says({ type: 'stats', incarnation: INCARNATION, counters: {} });
    }
    expect(flooders.filter(({ refusedWith }) => refusedWith === 'too-many-messages').length).toBeGreaterThan(0);
  });
});

it.each([1, Number.MAX_SAFE_INTEGER])('an applied of %d versions more than were sent is refused', (more) => {
  const harness = new FleetHarness();
  const [liar] = harness.join('liar');
  liar.applied(harness.version + more);
  expect([liar.refusedWith, liar.socket.closedWith]).toEqual(['message-unexpected', 1008]);
});

describe('a large message', () => {
  /** A worker whose server asks whether a large message may go on. */
  function asked(worker: (connection: Partial<Connection>) => FakeWorker) {
    let mayGoOn = () => true;
    const peer = worker({ whenLarge: (decide) => (mayGoOn = decide) });
    return { peer, mayGoOn: () => mayGoOn() };
  }

  it('ends the connection of a peer that was never leased anything', () => {
    const harness = new FleetHarness();
    const { peer, mayGoOn } = asked((connection) => greet(harness, 'early', connection));
    expect(mayGoOn()).toBe(false);
    expect(peer.refusedWith).toBe('message-too-large');
  });

  it('may come from one that owes a result', () => {
    const harness = new FleetHarness();
    const { peer, mayGoOn } = asked((connection) => greet(harness, 'worker', connection));
    peer.ready();
    peer.applied(0);
    harness.fleet.open(0);
    expect([mayGoOn(), peer.refusedWith]).toEqual([true, undefined]);
  });
});

describe('a number between the tensors', () => {
  it('is refused before anything is added, also where nothing is audited', async () => {
    const harness = new FleetHarness();
    const [a, b] = harness.join('a', 'b');
    const step = harness.fleet.open(0);
    a.answer(a.lease, (vector) => (vector[PADDING] = 1e-9));
    expect(a.refusedWith).toBe('message-invalid');
    b.answer();
    b.answer();
    expect(await sumOf(step)).toEqual(stepSum(0));
  });
});

describe('places', () => {
  it('are not all held by one holder’s workers that contribute nothing', () => {
    const harness = new FleetHarness({ maxWorkers: 4 });
    const idlers = [0, 1, 2, 3].map((i) => greet(harness, `idler-${i}`, own('idle')));
    const [a, b, c] = ['a', 'b', 'c'].map((name) => greet(harness, name, own(name === 'c' ? 'b' : name)));
    expect([a, b, c].map(({ refusedWith }) => refusedWith)).toEqual([undefined, undefined, 'too-many-workers']);
    expect(idlers.map(({ refusedWith }) => refusedWith)).toEqual([
      'too-many-workers',
      'too-many-workers',
      undefined,
      undefined,
    ]);
    expect(harness.fleet.workers).toHaveLength(4);
  });

  it('of workers that have contributed are theirs', () => {
    const harness = new FleetHarness({ maxWorkers: 1 });
    const worker = greet(harness, 'worker', own('a'));
    worker.ready();
    worker.applied(0);
    harness.fleet.open(0);
    worker.answer();
    const late = greet(harness, 'late', own('b'));
    expect([worker.refusedWith, late.refusedWith]).toEqual([undefined, 'too-many-workers']);
  });

  it('are not taken in turns by those that share one address', () => {
    const harness = new FleetHarness({ maxWorkers: 2 });
    const workers = ['a', 'b', 'c'].map((name) => greet(harness, name));
    expect(workers.map(({ refusedWith }) => refusedWith)).toEqual([undefined, undefined, 'too-many-workers']);
  });
});

describe('a storm of connections', () => {
  it('is refused by credential, and goes on to be let in at a pace', () => {
    const harness = new FleetHarness();
    const storm = (count: number) =>
      Array.from({ length: count }, () => {
        const worker = greet(harness, 'storm', own('stormy'));
        worker.socket.hangUp();
        return worker.refusedWith;
      });
    const answers = storm(300);
    expect(answers.filter((code) => code === undefined)).toHaveLength(256);
    expect(answers.at(-1)).toBe('too-many-connections');
    expect(greet(harness, 'other', own('other')).refusedWith).toBeUndefined();
    harness.clock += 1000;
    expect(storm(5).filter((code) => code === undefined)).toHaveLength(4);
  });

  it('does not make a worker lose its session that comes too often', () => {
    const harness = new FleetHarness();
    let worker = greet(harness, 'worker');
    worker.ready();
    worker.applied(0);
    harness.fleet.open(0);
    worker.answer();
    const back = () => {
      const secret = sessionOf(worker);
      worker.socket.hangUp();
      const next = harness.connect('worker');
      next.hello(secret);
      return next;
    };
    for (let times = 0; times < 16; times++) worker = back();
    const refused = back();
    expect(refused.refusedWith).toBe('too-many-connections');
    refused.socket.hangUp();
    harness.clock += 2000;
    const again = back();
    expect([again.refusedWith, again.of('welcome')[0].message.worker]).toEqual([undefined, 'worker']);
  });
});

it('snapshots that are asked for again and again come at a pace', () => {
  const harness = new FleetHarness();
  const [worker] = harness.join('worker');
  harness.fleet.open(0);
  worker.answer();
  const seconds = 20;
  for (let times = 0; times < 10 * seconds; times++) {
    // It takes no average, and then says that it has caught up.
    const { length } = worker.of('average');
    for (let steps = 0; steps <= AVERAGE_LIMIT; steps++) harness.next();
    const averages = worker.of('average').slice(length);
    const last = averages.at(-1)?.message.version;
    if (last !== undefined) worker.applied(last + 1);
    harness.pass(100);
  }
  expect(worker.refusedWith).toBeUndefined();
  expect(worker.of('snapshot').length).toBeGreaterThan(16);
  expect(worker.of('snapshot').length).toBeLessThanOrEqual(1 + 16 + seconds / 2 + 1);
});
