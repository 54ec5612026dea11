/** Volunteers as members: in no quorum, with places and budgets of their own, gone for good once they were found wrong. */
import { describe, expect, it } from 'vitest';
import { VOLUNTEER } from '../network/credentials.ts';
import type { Credential } from '../network/credentials.ts';
import { FleetHarness } from '../run/fleet-harness.ts';
import type { FakeWorker } from '../run/fleet-harness.ts';

const secretOf = (worker: FakeWorker) => worker.of('welcome')[0].message.session;
const lie = (vector: Float32Array) => void (vector[3] += 1);
const own = (name: string): Credential => ({ kind: 'own', name, role: 'volunteer' });

/** A volunteer's connection. */
function comes(harness: FleetHarness, name: string, connection: { address?: string; credential?: Credential } = {}) {
  return harness.connect(name, {}, { credential: VOLUNTEER, ...connection });
}

/** One that is refused once it has said hello, or not. */
function knocks(harness: FleetHarness, name: string, address: string, session: string | null = null): FakeWorker {
  const worker = comes(harness, name, { address });
  worker.hello(session);
  return worker;
}

describe('a quorum', () => {
  it('has no volunteers: with them alone the run waits', () => {
    const harness = new FleetHarness({ minWorkers: 2 });
    const [v] = harness.joinVolunteers('v', 'w', 'x');
    harness.fleet.open(0);
    expect([v.asked, harness.fleet.active, harness.fleet.attendance]).toEqual([[], 0, { workers: 0, volunteers: 3 }]);
    harness.joinLocally('a');
    expect([v.asked, harness.fleet.active]).toEqual([[], 1]);
    harness.joinLocally('b');
    expect([v.asked.length, harness.fleet.active]).toEqual([1, 2]);
  });

  it('is not filled up with volunteers in quarantine, but with workers', () => {
    const harness = new FleetHarness();
    const [v, a] = [...harness.joinVolunteers('v'), ...harness.join('a')];
    harness.fleet.open(0);
    for (const worker of [v, a]) {
      for (let time = 0; time < 2; time++) {
        worker.result({ start: worker.lease.first, size: 1 }, { change: { fingerprint: 'f'.repeat(32) } });
        worker.applied(0);
      }
    }
    expect(harness.told.filter((told) => told.startsWith('quarantined')).length).toBe(2);
    const before = v.leases.length;
    harness.pass(200);
    expect([v.leases.length, a.asked.at(-1)]).toEqual([before, '0+8']);
  });

  it('of the next step, too, is told without volunteers', () => {
    const harness = new FleetHarness({ minWorkers: 2 });
    const [a, b] = harness.joinLocally('a', 'b');
    const [v] = harness.joinVolunteers('v');
    harness.fleet.open(0);
    b.socket.hangUp();
    harness.fleet.prepare(1);
    expect([a, v].map(({ leases }) => leases.filter(({ version }) => version === 1))).toEqual([[], []]);
  });
});

describe('places', () => {
  it('of volunteers are their own: neither they nor workers take the others’', () => {
    const harness = new FleetHarness({ maxWorkers: 1, maxVolunteers: 2 });
    harness.join('a');
    const volunteers = harness.joinVolunteers('v', 'w', 'x');
    expect(volunteers.map(({ refusedWith }) => refusedWith)).toEqual([undefined, undefined, 'too-many-volunteers']);
    const [late] = harness.join('b');
    expect([late.refusedWith, volunteers[2].of('refuse')[0].message.retry]).toEqual(['too-many-workers', 'later']);
  });

  it('go to newcomers from elsewhere, where one address has them with volunteers that never did anything', () => {
    const harness = new FleetHarness({ maxVolunteers: 3 });
    const hoarders = [1, 2, 3].map((i) => knocks(harness, `h${i}`, '10.0.0.1'));
    const elsewhere = knocks(harness, 'v', '10.0.0.2');
    expect([elsewhere, ...hoarders].map(({ refusedWith }) => refusedWith)).toEqual([
      undefined,
      'too-many-volunteers',
      undefined,
      undefined,
    ]);
  });

  it('are enough for a class behind one router, all at once and again after its router has started anew', () => {
    const harness = new FleetHarness({ maxWorkers: 2 });
    harness.joinLocally('teacher');
    const students = Array.from({ length: 30 }, (_, i) => knocks(harness, `student-${i}`, '10.0.0.1'));
    const sessions = students.map(secretOf);
    for (const student of students) student.socket.hangUp();
    const again = sessions.map((session, i) => knocks(harness, `student-${i}`, '10.0.0.1', session));
    for (const student of again) student.ready();
    expect([...students, ...again].map(({ refusedWith }) => refusedWith)).toEqual(Array(60).fill(undefined));
    expect([harness.fleet.attendance, again.every((student) => student.of('snapshot').length === 1)]).toEqual([
      { workers: 1, volunteers: 30 },
      true,
    ]);
  });
});

describe('budgets', () => {
  it('of volunteers cost a worker from the same address nothing', () => {
    const harness = new FleetHarness();
    const storm = Array.from({ length: 300 }, (_, i) => {
      const volunteer = knocks(harness, `v${i}`, '10.0.0.1');
      volunteer.socket.hangUp();
      return volunteer.refusedWith;
    });
    expect(storm.filter((code) => code === 'too-many-connections').length).toBe(300 - 256);
    const worker = harness.connect('a', {}, { address: '10.0.0.1' });
    worker.hello();
    expect([worker.refusedWith, knocks(harness, 'w', '10.0.0.2').refusedWith]).toEqual([undefined, undefined]);
  });
});

describe('a volunteer that was found wrong', () => {
  /** It lies in its first lease, which the worker of the same command computes again; then the arbiter. */
  function found(credential: Credential = VOLUNTEER) {
    const harness = new FleetHarness({ hasArbiter: true });
    const [witness] = harness.joinLocally('witness');
    const liar = comes(harness, 'liar', { credential });
    liar.hello();
    liar.ready();
    liar.applied(0);
    harness.fleet.open(0);
    liar.answer(liar.lease, lie);
    for (let at = 0; at < witness.leases.length; at++) witness.answer(witness.leases[at]);
    const [arbiter] = harness.arbitersCome();
    arbiter.answer();
    return { harness, liar };
  }

  it('is refused for good, and its session’s secret brings it back no more, before or after it is gone', () => {
    const { harness, liar } = found();
    expect([liar.refusedWith, liar.of('refuse')[0].message.retry]).toEqual(['audit-lost', 'never']);
    const secret = secretOf(liar);
    expect(harness.fleet.volunteerOf(secret)).toBeUndefined();
    const back = knocks(harness, 'liar', '10.0.0.1', secret);
    expect([back.refusedWith, back.of('refuse')[0].message.retry]).toEqual(['audit-lost', 'never']);
    liar.socket.hangUp();
    expect(harness.fleet.volunteerOf(secret)).toBeUndefined();
    // A new session begins with nothing, and is not held to be the same.
    const fresh = knocks(harness, 'liar', '10.0.0.1', secret);
    expect([fresh.refusedWith, harness.fleet.volunteerOf(secretOf(fresh))]).toEqual([
      undefined,
      { name: 'liar', leavesUsed: 0, leavesChecked: 0 },
    ]);
  });

  it('does not come again with a credential of its own under any session', () => {
    const { harness } = found(own('visitor'));
    const again = comes(harness, 'other', { credential: own('visitor') });
    again.hello();
    const another = comes(harness, 'other', { credential: own('somebody') });
    another.hello();
    expect([again.refusedWith, another.refusedWith]).toEqual(['audit-lost', undefined]);
  });
});

describe('the end of a run', () => {
  it('does not wait for volunteers, here or lost a moment ago, but tells them', async () => {
    const harness = new FleetHarness();
    const [v, lost] = harness.joinVolunteers('v', 'lost');
    lost.socket.hangUp();
    await harness.fleet.dismiss('the run is complete', 10_000);
    expect(v.of('done')).toHaveLength(1);
  });
});

describe('an exact run', () => {
  it('waits for somebody else to decide its profile, and takes volunteers of it then', () => {
    const harness = new FleetHarness({ exactProfile: undefined, hasArbiter: true, backend: 'wasm' });
    const [v] = harness.joinVolunteers('v');
    expect(v.of('snapshot')).toEqual([]);
    harness.pass(1000);
    expect(v.of('snapshot')).toEqual([]);
    harness.joinLocally('a');
    harness.pass(200);
    expect(v.of('snapshot')).toHaveLength(1);
  });
});

it('is known by the secret of its session, here and gone; a worker’s is not', () => {
  const harness = new FleetHarness();
  const [v] = harness.joinVolunteers('v');
  const [a] = harness.join('a');
  const here = harness.fleet.volunteerOf(secretOf(v));
  v.socket.hangUp();
  expect([here, harness.fleet.volunteerOf(secretOf(v)), harness.fleet.volunteerOf(secretOf(a))]).toEqual([
    { name: 'v', leavesUsed: 0, leavesChecked: 0 },
    { name: 'v', leavesUsed: 0, leavesChecked: 0 },
    undefined,
  ]);
});
