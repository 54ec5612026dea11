/**
 * One open step: its leases, its tree, and results whose numbers look wrong.
 *
 * A step closes once, with the sum of all M leaves or stopped. A result that is not finite, says what no batch can, or is
 * far beyond what the norms were so far (at the very first step: beyond the step's other results), is held back until
 * another worker has computed the same leaves: other bits refute it, the same bits (or the lack of anybody to ask) confirm
 * it, and it goes into the sum as it is. Whether the model diverged is then read off the whole sum, so the verdict depends
 * on the data alone and never on how leases cut the step.
 *
 * A volunteer's word refutes and confirms nothing: what looks wrong of it, or would refute another's, is the arbiter's.
 */
import { createHash } from 'node:crypto';
import { StepLeases, TreeSum } from '@gradcast/schedule';
import type { Lease, Subtree } from '@gradcast/schedule';
import { Audits } from '../audit/audit.ts';
import type { AuditsOptions, Party, Ruling, Testimony } from '../audit/audit.ts';
import type { VolunteerTrust } from '../audit/volunteer-trust.ts';
import type { LeaseRecord, SubtreeRecord, Verdict } from '../events.ts';
import { isVolunteer } from '../membership/volunteer.ts';
import { FirstResults } from './first-results.ts';
import type { Reducer, Reduction } from './reducer.ts';
import { StepTimes } from './step-times.ts';
import type { GradientCodec } from '@gradcast/reduction';

/** How a step closed: with the root's value in the run's codec, or without one. */
export type StepOutcome = { readonly kind: 'sum'; readonly sum: Uint8Array } | { readonly kind: 'stopped' };

/** Who sent a result, and when. */
export interface Sender {
  readonly party: Party;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** How long it computed, as it says. */
  readonly computeMs: number;
}

export interface OpenStepOptions {
  readonly version: number;
  readonly leaves: number;
  /** Most leaves that volunteers have together. */
  readonly volunteerLeaves: number;
  readonly nextLeaseId: () => number;
  readonly codec: GradientCodec;
  /** Who adds what is used. */
  readonly reducer: Pick<Reducer, 'open'>;
  /** What a subtree's sum may be before it is held back; asked when it comes. */
  readonly limits: () => ResultLimits;
  /** Whether a subtree is to be computed twice, of whom it comes from. */
  readonly isAudited: (subtree: Subtree, party: Party) => boolean;
  /** What volunteers earn is told there. */
  readonly trust: Pick<VolunteerTrust, 'held' | 'used'>;
  /** Whether there is an arbiter to ask: with audits, or where volunteers may come. */
  readonly hasArbiter: boolean;
  /** Whether a node of another numeric profile lies within the tolerance of a reference. */
  readonly isNear: AuditsOptions['isNear'];
  readonly isExact: boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** An audit ended. */
  readonly onRuling: (ruling: Ruling) => void;
}

/** Beyond these a result is computed once more before it is used. */
export interface ResultLimits {
  /** Norm that a subtree's sum may have. */
  readonly norm: number;
  /** Nothing is known of the run's norms yet: results are compared with each other first. */
  readonly compare: boolean;
  /** Whether the tail of a sum over so many leaves is one that batches can bring. */
  readonly isTailSound: (tail: Float32Array, leaves: number) => boolean;
}

/** A result held back. */
export interface Suspect {
  readonly party: Party;
  readonly subtree: Subtree;
  readonly node: Uint8Array;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class OpenStep {
  readonly version: number;
  readonly leases: StepLeases;
  readonly audits: Audits;
  readonly closed: Promise<StepOutcome>;
  readonly times = new StepTimes();
  readonly #options: OpenStepOptions;
  /** Which leaves are in the sum, whose values lie with the reducer. */
  readonly #covered: TreeSum<true>;
  readonly #reduction: Reduction;
  readonly #history: Mutable<SubtreeRecord>[] = [];
  /** Of each lease that was answered: when it was last, and with what. */
  readonly #answers = new Map<number, { at: number; readonly records: SubtreeRecord[] }>();
  #suspects: Suspect[] = [];
  readonly #first: FirstResults;
  #close: (outcome: StepOutcome | Promise<StepOutcome>) => void = () => {};
  #isClosed = false;
  #exact = true;

  constructor(options: OpenStepOptions) {
    const { version, leaves, volunteerLeaves, nextLeaseId, reducer } = options;
    this.version = version;
    this.#options = options;
    this.#covered = new TreeSum({ start: 0, size: leaves }, () => true);
    this.#reduction = reducer.open(version, leaves);
    this.leases = new StepLeases({ leaves, limit: volunteerLeaves, nextId: nextLeaseId });
    this.#first = new FirstResults(leaves);
    this.audits = new Audits(options);
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  /** Whether nothing more is taken; the sum may still be on its way. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether no value was replaced by one of another numeric profile. */
  get exact(): boolean {
    return this.#exact;
  }

  /** What came in, in the order in which it came. */
  get history(): readonly SubtreeRecord[] {
    return this.#history;
  }

  /** What became of each lease so far, the oldest first. */
  get leaseRecords(): LeaseRecord[] {
    return this.leases.granted.map(({ id, worker, range, audit, grantedAt, expired, dropped }) => {
      const answer = this.#answers.get(id);
      const odd = answer?.records.find(({ outcome }) => outcome !== 'accepted')?.outcome;
      // A lease whose leaves others have brought is over like one that is answered.
      const unanswered = expired ? 'expired' : dropped ? 'dropped' : 'superseded';
      const end = answer ? (odd ?? 'accepted') : unanswered;
      return { lease: id, worker, ...range, audit, grantedAt, answeredAt: answer?.at, end };
    });
  }

  /** Has a result's sum added along the tree, or holds it back; the node is the step's from then on. */
  accept(lease: Lease, subtree: Subtree, node: Uint8Array, sender: Sender): Verdict {
    const record: Mutable<SubtreeRecord> = {
      ...subtree,
      worker: lease.worker,
      outcome: 'heard',
      ms: sender.now - lease.grantedAt,
      role: sender.party.credential.role,
      ...(isVolunteer(sender.party) && { volunteer: sender.party.identity }),
    };
    this.#history.push(record);
    this.times.answered(lease.id, sender.now, sender.computeMs);
    this.#answered(lease, sender.now, record);
    if (lease.audit) {
      const isHeard = this.#hear(lease, subtree, node, sender);
      if (!isHeard) record.outcome = 'late';
      return isHeard ? 'heard' : 'late';
    }
    record.outcome = this.#judge(lease, subtree, node, sender);
    if (this.#first.size > 0) this.#compareFirst();
    return record.outcome;
  }

  #answered({ id }: Lease, at: number, record: SubtreeRecord): void {
    const answer = this.#answers.get(id);
    if (!answer) return void this.#answers.set(id, { at, records: [record] });
    answer.at = at;
    answer.records.push(record);
  }

  #judge(lease: Lease, subtree: Subtree, node: Uint8Array, { party }: Sender): Verdict {
    if (this.#isClosed || this.#areTaken(subtree)) return 'late';
    const result = { party, subtree, node };
    const looksWrong = this.#looksWrong(node, subtree);
    if (isVolunteer(party) && (looksWrong || this.#suspects.some((other) => overlap(other, result)))) {
      return this.#hold(result, true);
    }
    if (looksWrong) {
      this.#suspects.push(result);
      this.leases.dropLease(lease.id);
      return 'suspect';
    }
    if (this.#options.isAudited(subtree, party)) return this.#hold(result, false);
    if (this.#options.limits().compare) {
      const { norm } = this.#options.codec.measure(node);
      this.#first.add({ party, lease: lease.id, subtree, node, norm });
      this.leases.cover(subtree);
      return 'held';
    }
    this.#use(result);
    return 'accepted';
  }

  /** Holds a result until its audit is over. @param referred whether that is the arbiter's at once. */
  #hold({ party, subtree, node }: Suspect, referred: boolean): 'held' {
    if (isVolunteer(party)) this.#options.trust.held(party.identity, { version: this.version, ...subtree });
    this.audits.begin(subtree, { party, node, digest: digestOf(node) }, referred);
    this.leases.cover(subtree);
    return 'held';
  }

  /** A result goes into the sum without an audit. */
  #use({ party, subtree, node }: Suspect): void {
    if (isVolunteer(party)) this.#options.trust.used(party.identity, { version: this.version, ...subtree });
    this.#add(subtree, node);
  }

  /** Once all leaves have come, those results of a first step that are far larger than the others are held back. */
  #compareFirst(): void {
    for (let leaf = 0; leaf < this.#options.leaves; leaf++) if (!this.#isTaken(leaf)) return;
    const { sound, outlying } = this.#first.compare();
    for (const result of outlying) {
      if (isVolunteer(result.party)) {
        this.#hold(result, true);
        continue;
      }
      this.#suspects.push(result);
      this.leases.dropLease(result.lease);
      this.leases.uncover(result.subtree);
      this.#record(result, 'suspect');
    }
    for (const result of sound) {
      this.#record(result, 'accepted');
      this.#use(result);
    }
  }

  #record({ party, subtree }: Suspect, outcome: Verdict): void {
    const record = this.#history.findLast(
      ({ worker, start, size }) => worker === party.worker && start === subtree.start && size === subtree.size,
    );
    if (record) record.outcome = outcome;
  }

  #hear(lease: Lease, subtree: Subtree, node: Uint8Array, { party }: Sender): boolean {
    this.leases.dropLease(lease.id);
    if (this.#isClosed || !this.audits.of(subtree)) return false;
    const testimony: Testimony = { party, node, digest: digestOf(node) };
    this.#rule(this.audits.hear(subtree, testimony));
    return true;
  }

  #rule(ruling: Ruling | undefined): void {
    if (!ruling) return;
    for (const { id } of this.leases.audits(ruling.subtree)) this.leases.dropLease(id);
    if (!ruling.exact) this.#exact = false;
    for (const party of ruling.wrong) this.#record({ party, ...ruling }, 'refuted');
    if (ruling.wrong.length > 0 || ruling.used.isArbiter) this.#record({ party: ruling.used, ...ruling }, 'accepted');
    // Only a sound value puts the blame on those whose answers were held back.
    if (this.#looksWrong(ruling.node, ruling.subtree)) {
      const confirmed = { party: ruling.used, subtree: ruling.subtree, node: ruling.node };
      this.#suspects = this.#suspects.filter((suspect) => !overlap(suspect, confirmed));
    }
    this.#add(ruling.subtree, ruling.node);
    this.#options.onRuling(ruling);
  }

  /** Workers whose held-back result others have refuted by computing the same leaves; told once. */
  refuted(): Party[] {
    const wrong = this.#suspects.filter(({ subtree }) => this.#covered.covers(subtree));
    this.#suspects = this.#suspects.filter((suspect) => !wrong.includes(suspect));
    return wrong.map(({ party }) => party);
  }

  /** Whether a worker has a result held back and should not be asked again while others can be. */
  isSuspect(worker: string): boolean {
    return this.#suspects.some(({ party }) => party.worker === worker);
  }

  /**
   * Takes held-back results into the sum if others agree on them, or nobody else is there to ask, and one of those who sent
   * them is ours or trusted. Of anybody else the newest result is the arbiter's to judge: two who agree may be one, or
   * conspire. Without an arbiter (no audits) everybody is asked before they are believed.
   */
  confirm(othersAvailable: boolean): void {
    const last = this.#suspects.at(-1);
    if (!last || this.#isClosed) return;
    const agreeing = this.#suspects.filter((suspect) => suspect !== last && agree(suspect, last));
    if (othersAvailable && agreeing.length === 0) return;
    const confirmed = [...agreeing, last];
    if (!confirmed.some(({ party }) => party.credential.role === 'trusted')) {
      if (this.#options.hasArbiter) return this.#refer(last);
      if (othersAvailable) return;
    }
    // What only a confirmed suspect contradicts is not refuted: only a sound result may put the blame on somebody.
    this.#suspects = this.#suspects.filter((suspect) => !confirmed.some((other) => overlap(suspect, other)));
    for (const { subtree, node } of confirmed) this.#add(subtree, node);
  }

  /** Others that answered for these leaves stay held back: the arbiter's value confirms or refutes them. */
  #refer(suspect: Suspect): void {
    const { party, subtree, node } = suspect;
    this.#suspects = this.#suspects.filter(
      (other) => other !== suspect && !(overlap(other, suspect) && agree(other, suspect)),
    );
    if (!this.audits.of(subtree)) this.#hold({ party, subtree, node }, true);
  }

  stop(): void {
    if (!this.#isClosed) this.#close({ kind: 'stopped' });
    this.#isClosed = true;
  }

  #add(subtree: Subtree, node: Uint8Array): void {
    if (this.#covered.add(subtree, true)) this.#reduction.add(subtree, node);
    this.leases.cover(subtree);
    if (this.#isClosed || !this.#covered.total) return;
    this.#isClosed = true;
    this.#close(this.#summed());
  }

  /** Waits for what is still being added. */
  async #summed(): Promise<StepOutcome> {
    const { now } = this.#options;
    const coveredAt = now();
    const reduced = await this.#reduction.total();
    if (!reduced) return { kind: 'stopped' };
    this.times.summed({ waitedMs: now() - coveredAt, elsewhereMs: reduced.elsewhereMs });
    return { kind: 'sum', sum: reduced.sum };
  }

  #isTaken(leaf: number): boolean {
    return this.#covered.coversLeaf(leaf) || this.audits.holds(leaf) || this.#first.holds(leaf);
  }

  #areTaken({ start, size }: Subtree): boolean {
    for (let leaf = start; leaf < start + size; leaf++) if (!this.#isTaken(leaf)) return false;
    return true;
  }

  #looksWrong(node: Uint8Array, { size }: Subtree): boolean {
    const { codec, limits } = this.#options;
    const { norm, isTailSound } = limits();
    return !codec.isWithin(node, norm) || !isTailSound(codec.tailOf(node), size);
  }
}

function digestOf(node: Uint8Array): string {
  return createHash('sha256').update(node).digest('hex');
}

/** Two workers agree if they gave the same bytes for one subtree, or both something wrong for overlapping ones. */
function agree(a: Suspect, b: Suspect): boolean {
  if (a.party.worker === b.party.worker) return false;
  const same = a.subtree.start === b.subtree.start && a.subtree.size === b.subtree.size;
  return same ? Buffer.compare(a.node, b.node) === 0 : overlap(a, b);
}

function overlap({ subtree: a }: Suspect, { subtree: b }: Suspect): boolean {
  return a.start < b.start + b.size && b.start < a.start + a.size;
}
