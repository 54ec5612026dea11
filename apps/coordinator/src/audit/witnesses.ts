/**
 * Whom an audit is put to: an independent witness of the same numeric profile or, failing that, the arbiter.
 *
 * Invariants: nobody is asked whose word could not end the case, and so no volunteer ever; a witness that lets its lease
 * pass has had its chance, and the case is the arbiter's.
 */
import type { Assignment, Lease, StepLeases } from '@gradcast/schedule';
import { mayConfirm } from './audit.ts';
import type { Audits, Case, Party } from './audit.ts';
import type { Member } from '../membership/members.ts';
import { isVolunteer } from '../membership/volunteer.ts';

/** An open step, as far as its audits go. */
export interface AuditedStep {
  readonly version: number;
  readonly audits: Audits;
  readonly leases: StepLeases;
}

export interface WitnessesOptions<Step extends AuditedStep> {
  /** An arbiter like this party. @returns it, once it is there. */
  readonly callArbiter: (like: Party) => Member | undefined;
  /** Leases leaves for comparison. */
  readonly grant: (step: Step, assignment: Assignment) => void;
}

export class Witnesses<Step extends AuditedStep> {
  readonly #options: WitnessesOptions<Step>;

  constructor(options: WitnessesOptions<Step>) {
    this.#options = options;
  }

  /** Cases that wait for nobody's answer. */
  unasked(step: AuditedStep): Case[] {
    return step.audits.open.filter((each) => isUnasked(step, each));
  }

  /**
   * Leases cases to somebody who can answer.
   *
   * @param present workers that can be asked for something.
   */
  ask(step: Step, cases: readonly Case[], present: readonly Member[]): void {
    if (cases.length === 0) return;
    const candidates = present.filter((member) => !isVolunteer(member));
    for (const each of cases) {
      // Whoever was asked and is waited for no more: it is late.
      if (step.leases.audits(each.subtree).length > 0) step.audits.refer(each.subtree);
      if (!each.referred) this.#askWitness(step, each, candidates);
      if (each.referred) this.#askArbiter(step, each);
    }
  }

  #askWitness(step: Step, each: Case, candidates: readonly Member[]): void {
    const [{ party }] = each.testimonies;
    const isWitness = (member: Member) =>
      member.profile === party.profile && member.name !== party.worker && mayConfirm(party, member);
    const witness = candidates.find((member) => !step.leases.isBusy(member.name) && isWitness(member));
    if (witness) this.#ask(step, each, witness);
    else if (!candidates.some(isWitness)) step.audits.refer(each.subtree);
  }

  #askArbiter(step: Step, each: Case): void {
    const arbiter = this.#options.callArbiter(each.testimonies[0].party);
    // It is late, and still computing just that: asked again, it would only have more to do.
    if (step.leases.audits(each.subtree).some(({ worker }) => worker === arbiter?.name)) return;
    if (arbiter?.isAt(step.version) && !step.leases.isBusy(arbiter.name)) this.#ask(step, each, arbiter);
  }

  #ask(step: Step, { subtree }: Case, { name: worker }: Member): void {
    step.audits.ask(subtree);
    this.#options.grant(step, { worker, range: { first: subtree.start, count: subtree.size } });
  }
}

function isUnasked(step: AuditedStep, { subtree }: Case): boolean {
  const isAwaited = ({ expired, shared }: Lease) => !expired && !shared;
  return !step.leases.audits(subtree).some(isAwaited);
}

/** A worker as audits see it: what is known of it outlives its connection. */
export function partyOf({ name, identity, credential, profile, isArbiter, hello }: Member): Party {
  const { backend = '', threads = 1 } = hello ?? {};
  return { worker: name, identity, credential, profile, isArbiter, backend, threads };
}
