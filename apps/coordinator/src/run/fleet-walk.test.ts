/**
 * Random walks over everything that workers and time can do: whatever the order, a step closes once, with the bits of the
 * plain tree; and it closes as soon as one honest worker is left to do its work. Volunteers may lie as well.
 */
import fc from 'fast-check';
import { auditPicks } from '../audit/audit-picks.ts';
import { VolunteerTrust } from '../audit/volunteer-trust.ts';
import { describe, expect, it } from 'vitest';
import { FleetHarness, LEAVES, stepSum, sumOf } from './fleet-harness.ts';
import type { FakeWorker } from './fleet-harness.ts';
import type { OpenStep } from '../leasing/open-step.ts';

/** What may happen next; numbers are taken modulo what there is to choose from. */
type Move =
  | { readonly kind: 'join' | 'volunteer' }
  | { readonly kind: 'lie' | 'hang up' | 'leave' | 'pong' | 'be wrong'; readonly who: number }
  /** Answers a lease, the newest or an old one, whole or with its last leaf only. */
  | { readonly kind: 'answer'; readonly who: number; readonly which: number; readonly whole: boolean }
  | { readonly kind: 'wait'; readonly ms: number }
  /** This process itself stands still. */
  | { readonly kind: 'stall'; readonly ms: number };

const who = fc.nat(7);
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Move>({ kind: 'join' }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('hang up', 'leave', 'pong', 'be wrong'), who }),
  },
  {
    weight: 20,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), who, which: fc.nat(3), whole: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 100, max: 8000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stall' as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
);

/** The same with volunteers, some of whose results are lies. */
const moveAmongVolunteers: fc.Arbitrary<Move> = fc.oneof(
  { weight: 20, arbitrary: move },
  { weight: 3, arbitrary: fc.constant<Move>({ kind: 'volunteer' }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lie' as const), who }) },
);

class Walk {
  readonly #harness: FleetHarness;
  readonly #workers: FakeWorker[] = [];
  readonly #volunteers = new Set<FakeWorker>();
  readonly #arbiters: FakeWorker[] = [];
  #step: OpenStep;
  closed = 0;
  lies = 0;

  constructor({ auditRate, hasVolunteers }: { readonly auditRate: number; readonly hasVolunteers: boolean }) {
    this.#harness = new FleetHarness({
      isAudited: auditPicks('secret', auditRate),
      hasArbiter: auditRate > 0 || hasVolunteers,
      trust: new VolunteerTrust({ isPicked: () => true, rate: 1 }),
    });
    this.#step = this.#open();
  }

  #open(): OpenStep {
    const { fleet, version } = this.#harness;
    const step = fleet.open(version);
    fleet.prepare(version + 1);
    return step;
  }

  async take(move: Move): Promise<void> {
    const worker = 'who' in move ? this.#workers.at(move.who % Math.max(1, this.#workers.length)) : undefined;
    switch (move.kind) {
      case 'join':
        this.#workers.push(...this.#harness.joinApart('w'));
        break;
      case 'volunteer': {
        const [volunteer] = this.#harness.joinVolunteers('v');
        this.#workers.push(volunteer);
        this.#volunteers.add(volunteer);
        break;
      }
      case 'lie':
        if (worker && worker.leases.length > 0 && this.#volunteers.has(worker)) {
          worker.answer(worker.lease, (vector) => (vector[5] = -vector[5]));
          this.lies += 1;
        }
        break;
      case 'hang up':
        worker?.socket.hangUp();
        if (worker) this.#workers.splice(this.#workers.indexOf(worker), 1);
        break;
      case 'leave':
        worker?.says({ type: 'leave', incarnation: 3, reason: 'told to' });
        break;
      case 'pong':
        worker?.says({ type: 'pong', incarnation: 3, id: 1 });
        break;
      case 'be wrong':
        if (worker && worker.leases.length > 0) {
          worker.result({ start: worker.lease.first, size: 1 }, { change: { fingerprint: 'f'.repeat(32) } });
        }
        break;
      case 'answer':
        if (worker) this.#answer(worker, move);
        break;
      case 'wait':
        this.#harness.pass(move.ms);
        break;
      case 'stall':
        this.#harness.clock += move.ms;
        this.#harness.fleet.tick();
        break;
      default:
        move satisfies never;
    }
    await this.#closeIfDue();
  }

  #answer(worker: FakeWorker, { which, whole }: { which: number; whole: boolean }): void {
    const lease = worker.leases.at(-1 - (which % Math.max(1, worker.leases.length)));
    if (!lease) return;
    if (whole) worker.answer(lease);
    else worker.result({ start: lease.first + lease.count - 1, size: 1 }, { lease });
  }

  /** Arbiters come when they are asked for, and answer at once. */
  #arbitrate(): void {
    this.#arbiters.push(...this.#harness.arbitersCome());
    for (const arbiter of this.#arbiters) {
      for (const lease of arbiter.leases) if (lease.version === this.#harness.version) arbiter.answer(lease);
    }
  }

  async #closeIfDue(): Promise<void> {
    this.#arbitrate();
    if (!this.#step.isClosed) return;
    expect(await sumOf(this.#step)).toEqual(stepSum(this.#harness.version));
    for (const { worker, outcome } of this.#step.history) {
      if (worker.startsWith('v')) expect(['heard', 'accepted', 'suspect']).not.toContain(outcome);
    }
    this.closed += 1;
    this.#harness.next();
    for (const worker of [...this.#workers, ...this.#arbiters]) worker.applied(this.#harness.version);
    this.#step = this.#open();
  }

  /** Everybody else goes; honest workers do what they are asked for. @throws if the open step does not close. */
  async finish(): Promise<void> {
    for (const worker of this.#workers.splice(0)) worker.socket.hangUp();
    const honest = this.#harness.joinApart('honest', 'honest');
    this.#workers.push(...honest);
    const goal = this.closed + 1;
    for (let turn = 0; this.closed < goal; turn++) {
      expect(turn, `step ${this.#harness.version} does not close`).toBeLessThan(2 * LEAVES);
      for (const worker of honest) for (const lease of worker.leases) worker.answer(lease);
      this.#harness.pass(100, () => honest.forEach((worker) => worker.says({ type: 'pong', incarnation: 3, id: 1 })));
      await this.#closeIfDue();
    }
  }
}

describe.each([
  { auditRate: 0, hasVolunteers: false },
  { auditRate: 0.5, hasVolunteers: false },
  { auditRate: 1, hasVolunteers: false },
  { auditRate: 0, hasVolunteers: true },
  { auditRate: 0.5, hasVolunteers: true },
])('with audits of a share of $auditRate, volunteers: $hasVolunteers', (scene) => {
  it('every step closes once with the bits of the plain tree, whatever workers and time do', async () => {
    let [closed, lies] = [0, 0];
    const moves = fc.array(scene.hasVolunteers ? moveAmongVolunteers : move, { minLength: 60, maxLength: 160 });
    await fc.assert(
      fc.asyncProperty(moves, async (moves) => {
        const walk = new Walk(scene);
        for (const each of moves) await walk.take(each);
        await walk.finish();
        closed += walk.closed;
        lies += walk.lies;
      }),
      { numRuns: 100 },
    );
    // Walks that closed nothing on their way would prove little.
    expect(closed).toBeGreaterThan(120);
    if (scene.hasVolunteers) expect(lies).toBeGreaterThan(50);
  });
});
