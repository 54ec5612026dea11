/**
 * What becomes of leases that take long: their leaves are shared with idle workers, they expire, they are given up.
 *
 * Invariants: being slow is no offence, missing a deadline is; whoever is waited for no more is asked for nothing until it is
 * heard from; our own arbiter is charged with nothing.
 */
import { alignedSubtrees } from '@gradcast/schedule';
import type { LeafRange, Lease } from '@gradcast/schedule';
import { leaseBytes } from '@gradcast/protocol';
import type { PayloadShape } from '@gradcast/protocol';
import type { GradientCodec } from '@gradcast/reduction';
import type { FleetEvents } from '../events.ts';
import type { Member, Members } from '../membership/members.ts';
import { longestMs } from '../membership/progress.ts';
import { isVolunteer } from '../membership/volunteer.ts';
import type { OpenStep } from './open-step.ts';
import type { Pace } from './pace.ts';

export interface LatenessOptions {
  readonly payload: PayloadShape;
  readonly codec: GradientCodec;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly events: Pick<FleetEvents, 'lease' | 'happened'>;
  readonly members: Pick<Members, 'named' | 'eligible' | 'doubt' | 'refuse'>;
  readonly pace: Pace;
  /** What a worker was leased of the next step is shared out again. */
  readonly freeAhead: (worker: string) => void;
  /** A deadline was missed. */
  readonly missed: (member: Member) => void;
}

/** An expired lease is given up, and its worker with it, after so many times its term (and never under a minute). */
const HOPELESS_FACTOR = 10;
const HOPELESS_MS = 60_000;

export class Lateness {
  readonly #options: LatenessOptions;

  constructor(options: LatenessOptions) {
    this.#options = options;
  }

  /** Deadlines of a step. */
  check(step: OpenStep): void {
    for (const lease of step.leases.expire(this.#options.now())) this.#expired(step, lease);
    for (const lease of step.leases.expired) this.#checkHopeless(lease);
  }

  /**
   * Rather than wait for its slowest worker, a step has its leaves computed by somebody who has nothing else to do, too. No
   * offence: a slow worker on trial is slow and no more.
   *
   * @returns whether leaves became free.
   */
  shareOverdue(step: OpenStep): boolean {
    const { now, members, pace, freeAhead } = this.#options;
    if (!this.#hasIdle(step)) return false;
    let found = false;
    for (const { id, worker, range, grantedAt, expired, shared, audit } of step.leases.open) {
      const age = now() - grantedAt;
      if (expired || shared || age <= pace.patienceMs(worker, range.count)) continue;
      step.leases.share(id);
      this.#tellAgain(step, worker, range, 'shared');
      found = true;
      if (!audit) pace.outwaited(worker, age / range.count);
      // What it was leased ahead is shared out again, and it is asked for nothing until it is heard from.
      freeAhead(worker);
      members.doubt(worker);
    }
    return found;
  }

  /** Whether somebody has nothing to do and could have a leaf. */
  #hasIdle(step: OpenStep): boolean {
    const mayHave = (member: Member) => step.leases.limitedLeft > 0 || !isVolunteer(member);
    const isIdle = (each: Member) => !step.leases.isBusy(each.name) && !step.isSuspect(each.name) && mayHave(each);
    return this.#options.members.eligible(step.version).some(isIdle);
  }

  #expired(step: OpenStep, { worker, grantedAt, range, audit }: Lease): void {
    const { now, events, members, pace, freeAhead, missed } = this.#options;
    events.lease('expired', worker);
    this.#tellAgain(step, worker, range, 'expired');
    const member = members.named(worker);
    if (!member || member.isArbiter) return;
    members.doubt(worker);
    // Nor does the next step wait for it: what it was leased ahead is shared out again.
    freeAhead(worker);
    if (!audit) pace.late(worker, (now() - grantedAt) / range.count);
    missed(member);
  }

  #tellAgain(
    { version: step }: OpenStep,
    worker: string,
    { first, count }: LeafRange,
    why: 'expired' | 'shared',
  ): void {
    this.#options.events.happened({ type: 'leased-again', worker, step, first, count, why });
  }

  #checkHopeless({ worker, grantedAt, deadline, range }: Lease): void {
    const { now, members } = this.#options;
    const limit = Math.max(HOPELESS_MS, HOPELESS_FACTOR * (deadline - grantedAt)) + this.#transferMs(range);
    const member = members.named(worker);
    if (!member || now() - grantedAt <= limit) return;
    members.refuse(member, 'silent', 'a lease was not answered in ten times its term');
  }

  /** How long the slowest link needs for the average before a lease, the lease and its results. */
  #transferMs(range: LeafRange): number {
    const { codec, payload } = this.#options;
    const results = alignedSubtrees(range).length * codec.nodeBytes;
    return longestMs(codec.averageBytes + leaseBytes(payload, range.count) + results);
  }
}
