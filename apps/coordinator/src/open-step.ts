/**
 * One open step: its leases, its tree, and results whose numbers look wrong.
 *
 * A step closes once, with the sum of all M leaves or stopped. A result that is not finite, says what no batch can, or is
 * far beyond what the norms were so far (at the very first step: beyond the step's other results), is held back until
 * another worker has computed the same leaves: other bits refute it, the same bits (or the lack of anybody to ask) confirm
 * it, and it goes into the sum as it is. Whether the model diverged is then read off the whole sum, so the verdict depends
 * on the data alone and never on how leases cut the step.
 */
import { StepLeases } from '@gradcast/ledger';
import type { Lease, Subtree, TreeSum } from '@gradcast/ledger';
import { Audits, isAudited } from './audit.ts';
import type { Ruling } from './audit.ts';
import { FirstResults } from './first-results.ts';
import { gradientTree } from '@gradcast/reduction';
import type { GradientCodec } from '@gradcast/reduction';
import { floatsOf, freeMemory } from '@gradcast/tensors';
import type { Fingerprint, VectorKernels } from '@gradcast/vector';

/** How a step closed: with the root's value in the run's codec, or without one. */
export type StepOutcome = { readonly kind: 'sum'; readonly sum: Uint8Array } | { readonly kind: 'stopped' };

/**
 * What became of a result: in the sum, too late for it, held back because its numbers look wrong, held until an audit
 * settles it, or heard as an audit's answer.
 */
export type Verdict = 'accepted' | 'late' | 'suspect' | 'held' | 'heard';

/** Who sent a result, and when. */
export interface Sender {
  /** Key of the worker's numeric profile. */
  readonly profile: string;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Whether another worker of that profile could be asked for the same leaves. */
  readonly auditable: () => boolean;
}

export interface OpenStepOptions {
  readonly version: number;
  readonly leaves: number;
  readonly nextLeaseId: () => number;
  readonly codec: GradientCodec;
  /** What a subtree's sum may be before it is held back; asked when it comes. */
  readonly limits: () => ResultLimits;
  /** Share of subtrees to compute twice, 0 to 1, and the seed that picks them. */
  readonly auditRate: number;
  readonly seed: number;
  /** An audit ended. */
  readonly onRuling: (ruling: Ruling) => void;
  readonly kernels: VectorKernels;
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

/** One result of a step, for the ledger. */
export interface SubtreeRecord extends Subtree {
  readonly worker: string;
  readonly outcome: Verdict;
  /** Milliseconds from the lease's grant to the result. */
  readonly ms: number;
}

/** A result held back. */
interface Suspect {
  readonly worker: string;
  readonly subtree: Subtree;
  readonly node: Uint8Array;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class OpenStep {
  readonly version: number;
  readonly leases: StepLeases;
  readonly audits = new Audits();
  readonly closed: Promise<StepOutcome>;
  readonly #options: OpenStepOptions;
  readonly #tree: TreeSum<Uint8Array>;
  readonly #history: Mutable<SubtreeRecord>[] = [];
  #suspects: Suspect[] = [];
  readonly #first: FirstResults;
  #close: (outcome: StepOutcome) => void = () => {};
  #isClosed = false;

  constructor(options: OpenStepOptions) {
    const { version, leaves, nextLeaseId, codec } = options;
    this.version = version;
    this.#options = options;
    this.#tree = gradientTree({ start: 0, size: leaves }, { codec, step: version, released: freeMemory });
    this.leases = new StepLeases({ leaves, nextId: nextLeaseId });
    this.#first = new FirstResults(leaves);
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What came in, in the order in which it came. */
  get history(): readonly SubtreeRecord[] {
    return this.#history;
  }

  /** Adds a result's sum to the tree, or holds it back; the node is the step's from then on. */
  accept(lease: Lease, subtree: Subtree, node: Uint8Array, sender: Sender): Verdict {
    const outcome = lease.audit ? this.#hear(lease, subtree, node) : this.#judge(lease, subtree, node, sender);
    const record = { ...subtree, worker: lease.worker, outcome, ms: sender.now - lease.grantedAt };
    this.#history.push(record);
    if (this.#first.size > 0) this.#compareFirst();
    return record.outcome;
  }

  #judge(lease: Lease, subtree: Subtree, node: Uint8Array, { profile, auditable }: Sender): Verdict {
    if (this.#isClosed || this.#areTaken(subtree)) return 'late';
    if (this.#looksWrong(node, subtree)) {
      this.#suspects.push({ worker: lease.worker, subtree, node });
      this.leases.dropLease(lease.id);
      return 'suspect';
    }
    const { auditRate, seed, version: step } = this.#options;
    if (isAudited({ seed, step, subtree }, auditRate)) {
      this.audits.begin(subtree, profile, { worker: lease.worker, node, fingerprint: this.#fingerprint(node) });
      this.leases.cover(subtree);
      if (auditable()) return 'held';
      this.release(subtree);
      return 'accepted';
    }
    if (this.#options.limits().compare) {
      const { norm } = this.#options.codec.measure(node);
      this.#first.add({ worker: lease.worker, lease: lease.id, subtree, node, norm });
      this.leases.cover(subtree);
      return 'held';
    }
    this.#add(subtree, node);
    return 'accepted';
  }

  /** Once all leaves have come, those results of a first step that are far larger than the others are held back. */
  #compareFirst(): void {
    for (let leaf = 0; leaf < this.#options.leaves; leaf++) if (!this.#isTaken(leaf)) return;
    const { sound, outlying } = this.#first.compare();
    for (const result of outlying) {
      this.#suspects.push(result);
      this.leases.dropLease(result.lease);
      this.leases.uncover(result.subtree);
      this.#record(result, 'suspect');
    }
    for (const result of sound) {
      this.#record(result, 'accepted');
      this.#add(result.subtree, result.node);
    }
  }

  #record({ worker, subtree }: Suspect, outcome: Verdict): void {
    const record = this.#history.findLast(
      ({ worker: other, start, size }) => other === worker && start === subtree.start && size === subtree.size,
    );
    if (record) record.outcome = outcome;
  }

  #hear(lease: Lease, subtree: Subtree, node: Uint8Array): Verdict {
    this.leases.dropLease(lease.id);
    if (this.#isClosed || !this.audits.of(subtree)) return 'late';
    const fingerprint = this.#fingerprint(node);
    this.#rule(this.audits.hear(subtree, { worker: lease.worker, node, fingerprint }));
    return 'heard';
  }

  /** Nobody is left who could answer an audit: its first answer is used. */
  release(subtree: Subtree): void {
    this.#rule(this.audits.release(subtree));
  }

  #rule(ruling: Ruling | undefined): void {
    if (!ruling) return;
    for (const { id } of this.leases.audits(ruling.subtree)) this.leases.dropLease(id);
    this.#add(ruling.subtree, ruling.node);
    this.#options.onRuling(ruling);
  }

  /** Workers whose held-back result others have refuted by computing the same leaves; told once. */
  refuted(): string[] {
    const wrong = this.#suspects.filter(({ subtree }) => this.#tree.covers(subtree));
    this.#suspects = this.#suspects.filter((suspect) => !wrong.includes(suspect));
    return wrong.map(({ worker }) => worker);
  }

  /** Whether a worker has a result held back and should not be asked again while others can be. */
  isSuspect(worker: string): boolean {
    return this.#suspects.some((suspect) => suspect.worker === worker);
  }

  /** Takes held-back results into the sum if two workers agree on them or nobody else is there to ask. */
  confirm(othersAvailable: boolean): void {
    const last = this.#suspects.at(-1);
    if (!last || this.#isClosed) return;
    const agreeing = this.#suspects.filter((suspect) => suspect !== last && this.#agree(suspect, last));
    if (othersAvailable && agreeing.length === 0) return;
    const confirmed = [...agreeing, last];
    // What only a confirmed suspect contradicts is not refuted: only a sound result may put the blame on somebody.
    this.#suspects = this.#suspects.filter((suspect) => !confirmed.some((other) => overlap(suspect, other)));
    for (const { subtree, node } of confirmed) this.#add(subtree, node);
  }

  stop(): void {
    this.#settle({ kind: 'stopped' });
  }

  #add(subtree: Subtree, node: Uint8Array): void {
    if (!this.#tree.covers(subtree)) this.#tree.add(subtree, node);
    this.leases.cover(subtree);
    const { total } = this.#tree;
    if (total) this.#settle({ kind: 'sum', sum: total });
  }

  #isTaken(leaf: number): boolean {
    return this.#tree.coversLeaf(leaf) || this.audits.holds(leaf) || this.#first.holds(leaf);
  }

  #areTaken({ start, size }: Subtree): boolean {
    for (let leaf = start; leaf < start + size; leaf++) if (!this.#isTaken(leaf)) return false;
    return true;
  }

  #settle(outcome: StepOutcome): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#close(outcome);
  }

  /** Two workers agree if they gave the same bits for one subtree, or both something wrong for overlapping ones. */
  #agree(a: Suspect, b: Suspect): boolean {
    if (a.worker === b.worker) return false;
    const same = a.subtree.start === b.subtree.start && a.subtree.size === b.subtree.size;
    if (same) return this.#fingerprint(a.node) === this.#fingerprint(b.node);
    return overlap(a, b);
  }

  #looksWrong(node: Uint8Array, { size }: Subtree): boolean {
    const { codec, limits } = this.#options;
    const { norm, isTailSound } = limits();
    return !codec.isWithin(node, norm) || !isTailSound(codec.tailOf(node), size);
  }

  #fingerprint(node: Uint8Array): Fingerprint {
    return this.#options.kernels.fingerprint([floatsOf(node)]);
  }
}

function overlap({ subtree: a }: Suspect, { subtree: b }: Suspect): boolean {
  return a.start < b.start + b.size && b.start < a.start + a.size;
}
