/**
 * Random walks over everything that workers and time can do: whatever the order, a step closes once, with the bits of the
 * plain tree; and it closes as soon as one honest worker is left to do its work.
 */
import fc from 'fast-check';
import { auditPicks } from '../audit/audit-picks.ts';
import { describe, expect, it } from 'vitest';
import { FleetHarness, LEAVES, stepSum, sumOf } from './fleet-harness.ts';
import type { FakeWorker } from './fleet-harness.ts';
import type { OpenStep } from '../leasing/open-step.ts';

/** What may happen next; numbers are taken modulo what there is to choose from. */
type Move =
  | { readonly kind: 'join' }
  | { readonly kind: 'hang up' | 'leave' | 'pong' | 'be wrong'; readonly who: number }
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

class Walk {
  readonly #harness: FleetHarness;
  readonly #workers: FakeWorker[] = [];
  readonly #arbiters: FakeWorker[] = [];
  #step: OpenStep;
  closed = 0;

  constructor(auditRate: number) {
    this.#harness = new FleetHarness({ isAudited: auditPicks('secret', auditRate), hasArbiter: auditRate > 0 });
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

describe.each([0, 0.5, 1])('with audits of a share of %d', (auditRate) => {
  it('every step closes once with the bits of the plain tree, whatever workers and time do', async () => {
    let closed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 60, maxLength: 160 }), async (moves) => {
        const walk = new Walk(auditRate);
        for (const each of moves) await walk.take(each);
        await walk.finish();
        closed += walk.closed;
      }),
      { numRuns: 100 },
    );
    // Walks that closed nothing on their way would prove little.
    expect(closed).toBeGreaterThan(200);
  });
});
