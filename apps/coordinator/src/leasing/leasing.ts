/**
 * Hands out the leaves of a step and judges what comes back. It knows no socket: workers are members, met in `members.ts`.
 *
 * Invariants: a lease goes only to a worker whose replica will be at the step's version and who is not in quarantine;
 * volunteers are in no quorum and have no more leaves of a step than their share; a result counts only with the right lease,
 * version, shape and replica fingerprint; the next step's images go out while the present one is computed; no deadline runs
 * while this process itself stood still.
 */
import { assignFreeLeaves, isSubtree } from '@gradcast/schedule';
import type { Assignment, LeafRange, Lease, Subtree } from '@gradcast/schedule';
import { encodeFrame, leaseParts, openEncoded, ProtocolError } from '@gradcast/protocol';
import type { MessageOf, PayloadShape } from '@gradcast/protocol';
import type { FieldValues } from '@gradcast/tensors';
import type { GradientCodec } from '@gradcast/reduction';
import type { Arbitration } from '../audit/arbitration.ts';
import type { Party } from '../audit/audit.ts';
import type { AuditPicks } from '../audit/audit-picks.ts';
import { Blame } from '../audit/blame.ts';
import type { VolunteerTrust } from '../audit/volunteer-trust.ts';
import { partyOf, Witnesses } from '../audit/witnesses.ts';
import type { FleetEvents } from '../events.ts';
import type { CommittedState } from '../membership/committed-state.ts';
import type { Member, Members, Work } from '../membership/members.ts';
import type { Offence } from '../membership/reputation.ts';
import type { RunTerms } from '../membership/run-terms.ts';
import { isVolunteer, withoutVolunteers } from '../membership/volunteer.ts';
import { CheckBudget } from './check-budget.ts';
import { Lateness } from './lateness.ts';
import { OpenStep } from './open-step.ts';
import type { OpenStepOptions } from './open-step.ts';
import { Pace } from './pace.ts';

export interface LeasingOptions {
  readonly terms: RunTerms;
  readonly payload: PayloadShape;
  readonly codec: GradientCodec;
  /** Who adds what is used. */
  readonly reducer: OpenStepOptions['reducer'];
  /** Images and noise of some leaves of a step, good until it is called again. */
  readonly cut: (step: number, range: LeafRange) => FieldValues;
  /** Whether the tail of a sum over so many leaves is one that batches can bring. */
  readonly isTailSound: (tail: Float32Array, leaves: number) => boolean;
  /** Fewer workers than this get no lease: the run pauses. */
  readonly minWorkers: number;
  readonly isAudited: AuditPicks;
  /** Most of a step's leaves that volunteers have, 0 to 1. */
  readonly volunteerShare: number;
  /** What volunteers have earned. */
  readonly trust: VolunteerTrust;
  /** Whether there is an arbiter to ask: with audits, or where volunteers may come. */
  readonly hasArbiter: boolean;
  /** Whether a node of another numeric profile lies within the tolerance of a reference. */
  readonly isNear: OpenStepOptions['isNear'];
  readonly isExact: boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly events: FleetEvents;
  readonly members: Members;
  /** Who decides an audit that no two workers can. */
  readonly arbitration: Pick<Arbitration, 'call'>;
}

export class Leasing implements Work {
  readonly #options: LeasingOptions;
  readonly #pace = new Pace();
  readonly #blame: Blame;
  readonly #witnesses: Witnesses<OpenStep>;
  readonly #checkBudget: CheckBudget;
  readonly #lateness: Lateness;
  #step: OpenStep | undefined;
  /** When everything had come, held or not; monotonic milliseconds. */
  #coveredAt: number | undefined;
  /** The step after it, leased out ahead. */
  #next: OpenStep | undefined;
  #committed: CommittedState | undefined;
  #norms: Pick<CommittedState, 'normBound' | 'suspectNorm'> = { normBound: Infinity, suspectNorm: undefined };
  #nextLease = 1;
  #stopped = false;
  /** Nobody is asked for anything: the run is paused. */
  #held = false;
  /** Results that came while this process was still taking the step they build on, one for each leased subtree. */
  #ahead = new Map<string, () => void>();

  constructor(options: LeasingOptions) {
    this.#options = options;
    this.#blame = new Blame(options);
    this.#checkBudget = new CheckBudget(leavesOfShare(options.volunteerShare, options.terms.microBatches));
    this.#lateness = new Lateness({
      ...options,
      pace: this.#pace,
      freeAhead: (worker) => this.freeAhead(worker),
      missed: (member) => this.#offend(member, 'expired'),
    });
    this.#witnesses = new Witnesses({
      callArbiter: (like) => options.arbitration.call(like),
      grant: (step, assignment) => this.#grant(step, assignment, true),
    });
  }

  /** The open step. */
  get present(): OpenStep | undefined {
    return this.#step?.isClosed === false ? this.#step : undefined;
  }

  /** Whether a worker has a lease in the open step. */
  isBusy(worker: string): boolean {
    return this.#step?.leases.isBusy(worker) ?? false;
  }

  introduce(worker: string, leafMs: number): void {
    this.#pace.introduce(worker, leafMs);
  }

  /** Opens a step and leases it out; a step that is open already is returned as it is. */
  open(version: number): OpenStep {
    if (this.#step?.version === version) return this.#step;
    if (this.#step?.isClosed) this.#pace.added(this.#step.times.addingMs, this.#step.history.length);
    const ahead = this.#next?.version === version ? this.#next : undefined;
    this.#next = undefined;
    this.#step = ahead ?? this.#newStep(version);
    const openedAt = this.#options.now();
    this.#coveredAt = undefined;
    this.#step.times.opened(openedAt);
    this.#step.leases.restart(openedAt);
    for (const { worker } of this.#step.leases.open) {
      // Who fell behind or left since cannot compute what was leased ahead.
      if (!this.#options.members.named(worker)?.isAt(version)) this.#step.leases.drop(worker);
    }
    if (this.#stopped) this.#step.stop();
    this.assign();
    return this.#step;
  }

  /** Sends the leases of a step ahead, to the workers of the present one. */
  prepare(version: number): void {
    if (this.#stopped || this.#held || this.#next?.version === version || !this.#step) return;
    const workers = this.#options.members.eligible(this.#step.version);
    if (withoutVolunteers(workers) < this.#options.minWorkers) return;
    this.#next = this.#newStep(version);
    this.#lease(this.#next, workers);
  }

  /** A state was committed: results computed from it can be checked. */
  publish(committed: CommittedState): void {
    this.#committed = committed;
    this.#norms = { normBound: committed.normBound, suspectNorm: committed.suspectNorm };
    const ahead = this.#ahead;
    this.#ahead = new Map();
    for (const handle of ahead.values()) handle();
    this.assign();
  }

  /** The next state is being made: results that build on it wait. */
  withdraw(): void {
    this.#committed = undefined;
  }

  /** Whether a step of this version is open or was. */
  isOpen(version: number): boolean {
    return this.#step?.version === version;
  }

  /** Asks nobody for anything until {@link release}. What was leased ahead is taken back: who computes it is told `late`. */
  hold(): void {
    this.#held = true;
    this.#next = undefined;
  }

  release(): void {
    this.#held = false;
    this.assign();
  }

  stop(): void {
    this.#stopped = true;
    this.#step?.stop();
  }

  /** A worker is gone or starts anew: its leaves are free at once. */
  free(worker: string): void {
    this.#step?.leases.drop(worker);
    this.#next?.leases.drop(worker);
    this.#noteLeases();
  }

  /** A worker is leaving: it finishes what it has, but gets nothing of the next step. */
  freeAhead(worker: string): void {
    this.#next?.leases.drop(worker);
  }

  forget(worker: string): void {
    this.#pace.forget(worker);
  }

  postpone(byMs: number): void {
    this.#step?.leases.postpone(byMs, this.#options.now());
    this.#step?.times.stood(byMs);
  }

  /** Deadlines. */
  tick(): void {
    const step = this.#step;
    if (!step || step.isClosed) return;
    this.#lateness.check(step);
    this.#confirm(step);
    this.assign();
    if (this.#lateness.shareOverdue(step)) this.assign();
  }

  /**
   * A result from a worker; the payload is this object's from then on.
   *
   * @throws ProtocolError `payload-length` or `message-invalid`.
   */
  result(member: Member, message: MessageOf<'result'>, payload: Uint8Array): void {
    const { now } = this.#options;
    const times = this.present?.times;
    const began = now();
    try {
      this.#judge(member, message, payload);
    } finally {
      times?.added(now() - began);
    }
  }

  #judge(member: Member, message: MessageOf<'result'>, payload: Uint8Array): void {
    const { codec, events, now, members, terms } = this.#options;
    const node = openEncoded(payload, codec.nodeBytes);
    const { start, size } = message.subtree;
    if (!isSubtree(message.subtree, terms.microBatches)) {
      throw new ProtocolError('message-invalid', `leaves ${start} to ${start + size - 1} are no subtree of the step`);
    }
    const step = this.#step;
    if (!step || step.isClosed || step.version !== message.version) return events.lease('late', member.name);
    const lease = this.#leaseOf(step, member, message);
    const key = `${message.lease}:${start}/${size}`;
    if (!lease || this.#ahead.has(key)) return events.lease('duplicate', member.name);
    if (this.#committed?.version !== message.version) {
      this.#ahead.set(key, () => this.result(member, message, payload));
      return;
    }
    if (message.fingerprint !== this.#committed.fingerprint) {
      events.mismatch(member.name);
      events.lease('refused', member.name);
      events.resultRefused('replica-mismatch');
      this.#offend(member, 'mismatch');
      return members.resync(member);
    }
    if (!codec.hasZeroPadding(node)) {
      this.#offend(member, 'refused');
      events.resultRefused('message-invalid');
      throw new ProtocolError('message-invalid', 'its result has numbers between the tensors');
    }
    const sender = { party: partyOf(member), now: now(), computeMs: message.computeMs };
    const verdict = step.accept(lease, message.subtree, node, sender);
    if (verdict === 'heard') events.lease('audited', member.name);
    else if (verdict === 'suspect') events.lease('refused', member.name);
    // Whose value is used is told by the ruling.
    else if (verdict !== 'held' || !step.audits.of(message.subtree))
      events.lease(verdict === 'late' ? 'late' : 'accepted', member.name);
    // A volunteer's is worth something once its check is over.
    const isHeard = verdict === 'heard' || (verdict === 'held' && !isVolunteer(member));
    if (verdict === 'accepted' || isHeard) member.contributed();
    // What is held may be a lie: it is good once an audit says so.
    if (verdict === 'accepted') members.reputations.good(member.identity);
    if (verdict === 'suspect') this.#confirm(step);
    for (const party of step.refuted()) this.#blame.refuted(party);
    this.#weighChecks(step);
    this.#closeLeases(step, member);
    this.assign();
  }

  /**
   * The lease that a result is of. What compares values has to bring its subtree whole, for parts of it could be compared with
   * nothing; who sends anything else holds the step up.
   */
  #leaseOf(step: OpenStep, member: Member, { lease: id, subtree }: MessageOf<'result'>): Lease | undefined {
    const lease = step.leases.of(id, member.name);
    if (!lease) return undefined;
    const { first, count } = lease.range;
    const [behind, end] = [subtree.start - first, subtree.start + subtree.size];
    if (!lease.audit) return behind >= 0 && end <= first + count ? lease : undefined;
    if (behind === 0 && subtree.size === count) return lease;
    this.#offend(member, 'refused');
    this.#options.events.resultRefused('message-invalid');
    throw new ProtocolError('message-invalid', `this lease is not answered with leaves ${subtree.start} to ${end - 1}`);
  }

  #closeLeases(step: OpenStep, member: Member): void {
    const { now, events } = this.#options;
    for (const answered of step.leases.settle()) {
      if (answered.worker !== member.name) continue;
      const ms = now() - answered.grantedAt;
      this.#pace.measured(member.name, ms / answered.range.count, answered.range.count);
      // What a worker says of itself cannot be longer than what was measured here.
      events.leaseTime(member.name, ms, Math.min(step.times.answerTo(answered.id)?.computeMs ?? 0, ms));
    }
  }

  /** Leases free leaves to workers that wait for work; those whose numbers are in doubt come last. */
  assign(): void {
    this.#assign();
    this.#noteLeases();
  }

  #noteLeases(): void {
    const step = this.#step;
    if (step && !step.isClosed) step.times.hasLeases(step.leases.size > 0, this.#options.now());
  }

  #assign(): void {
    const step = this.#step;
    if (!step || step.isClosed || this.#held) return;
    // Nothing to hand out: what a result costs must not depend on how many others wait.
    const unasked = this.#witnesses.unasked(step);
    if (!step.leases.hasFree && unasked.length === 0) return;
    const eligible = this.#options.members.eligible(step.version);
    // An audit needs no quorum: what was held goes on to be decided while the run is paused.
    const isQuorum = withoutVolunteers(eligible) >= this.#options.minWorkers;
    if (!isQuorum) return this.#witnesses.ask(step, unasked, eligible);
    const idle = eligible.filter(({ name }) => !step.leases.isBusy(name) && !step.isSuspect(name));
    this.#lease(step, idle);
    this.#witnesses.ask(step, unasked, eligible);
  }

  #lease(step: OpenStep, workers: readonly Member[]): void {
    if (!step.leases.hasFree) return;
    const speeds = this.#pace.speeds(workers.map(({ name }) => name));
    const idle = speeds.map((each, i) => (isVolunteer(workers[i]) ? { ...each, isLimited: true } : each));
    const isFirstShare = step.history.length === 0 && step.leases.size === 0;
    const assignments = assignFreeLeaves(step.leases, idle, this.#pace.vectorMs);
    for (const assignment of assignments) this.#grant(step, assignment, false);
    if (isFirstShare) this.#pace.shared(idle, new Set(assignments.map(({ worker }) => worker)));
  }

  #grant(step: OpenStep, assignment: Assignment, audit: boolean): void {
    const { now, cut, payload, terms, members } = this.#options;
    const { worker, range } = assignment;
    const attempt = step.leases.attemptsOf(range);
    const termMs = this.#pace.leaseMs(worker, { leaves: range.count, attempt });
    const lease = step.leases.grant(assignment, now(), termMs, audit);
    const message: MessageOf<'lease'> = {
      type: 'lease',
      incarnation: terms.incarnation,
      lease: lease.id,
      version: step.version,
      first: range.first,
      count: range.count,
    };
    members.lease(worker, message, encodeFrame(message, leaseParts(payload, cut(step.version, range))));
  }

  #newStep(version: number): OpenStep {
    const { codec, reducer, terms, trust, hasArbiter, isNear, isExact, isTailSound, now } = this.#options;
    return new OpenStep({
      version,
      leaves: terms.microBatches,
      volunteerLeaves: this.#checkBudget.leaves,
      nextLeaseId: () => this.#nextLease++,
      codec,
      reducer,
      now,
      limits: () => ({
        norm: (this.#norms.suspectNorm ?? this.#norms.normBound) * terms.microBatches,
        compare: this.#norms.suspectNorm === undefined,
        isTailSound,
      }),
      isAudited: (subtree, party) => this.#isAudited(version, subtree, party),
      trust,
      hasArbiter,
      isNear,
      isExact,
      onRuling: (ruling) => this.#blame.ruled(ruling, version),
    });
  }

  #isAudited(version: number, subtree: Subtree, party: Party): boolean {
    const { isAudited, members, trust } = this.#options;
    if (isAudited(version, subtree, members.reputations.isOnProbation(party.identity))) return true;
    return isVolunteer(party) && trust.isChecked(party.identity, { version, ...subtree });
  }

  /** What a step waited for checks decides how many leaves of the next steps are for volunteers. */
  #weighChecks({ leases, isClosed, history, times }: OpenStep): void {
    if (!leases.isCovered) return;
    const closedAt = this.#options.now();
    const coveredAt = (this.#coveredAt ??= closedAt);
    if (!isClosed) return;
    const hasChecks = history.some(({ volunteer, outcome }) => volunteer !== undefined && outcome !== 'accepted');
    if (hasChecks) this.#checkBudget.checked({ openedAt: times.openedAt, coveredAt, closedAt });
    else this.#checkBudget.unchecked();
  }

  /**
   * Takes held-back results as the model's own if nobody else could compute them: not somebody who is merely late,
   * catching up or in quarantine, and not when everybody has left, for then somebody may still come.
   */
  #confirm(step: OpenStep): void {
    const present = this.#options.members.introduced.filter((member) => !isVolunteer(member));
    if (present.length > 0) step.confirm(present.some(({ name }) => !step.isSuspect(name)));
  }

  #offend({ name: worker, identity }: Member, offence: Offence): void {
    this.#blame.offend({ worker, identity }, offence);
  }
}

/** How many of a step's leaves a share is; what rounding a product takes away is given back. */
function leavesOfShare(share: number, leaves: number): number {
  return Math.floor(share * leaves + 1e-9);
}
