/**
 * Audits of one step: a share of the uploaded subtrees is computed twice, by different workers of one numeric profile,
 * and the bits are compared.
 *
 *     held --same bits from another--> settled (used)
 *       |  \--other bits--> disputed --a third agrees with one side--> settled; the other side was wrong
 *       \--nobody left to ask--> released (used, counted as skipped)
 *
 * Which subtrees are audited depends on the seed, the step and the subtree, never on who computed it; so an audit cannot
 * be seen coming, and the sum stays what the tree says: an audited node is held out of it until it is settled.
 */
import { Philox, STREAMS } from '@gradcast/random';
import type { Subtree } from '@gradcast/ledger';
import type { Fingerprint } from '@gradcast/vector';

/** One worker's answer for an audited subtree. */
export interface Testimony {
  readonly worker: string;
  readonly node: Uint8Array;
  readonly fingerprint: Fingerprint;
}

export interface Case {
  readonly subtree: Subtree;
  /** Profile of the first answer; only workers of it are asked. */
  readonly profile: string;
  readonly testimonies: readonly Testimony[];
}

/** How a case ended. */
export interface Ruling {
  readonly subtree: Subtree;
  readonly node: Uint8Array;
  /** Workers whose bits lost. */
  readonly wrong: readonly string[];
  readonly kind: 'agreed' | 'settled' | 'skipped';
}

interface OpenCase {
  readonly subtree: Subtree;
  readonly profile: string;
  readonly testimonies: Testimony[];
}

/** Whether a subtree is in the audited share. */
export function isAudited(place: { seed: number; step: number; subtree: Subtree }, rate: number): boolean {
  if (rate <= 0) return false;
  const { seed, step, subtree } = place;
  const [word] = new Philox(seed, STREAMS.audit, subtree.size).u32x4(step * 65_536 + subtree.start);
  return word < rate * 2 ** 32;
}

export class Audits {
  readonly #cases = new Map<string, OpenCase>();

  /** Cases that still need an answer. */
  get open(): readonly Case[] {
    return [...this.#cases.values()];
  }

  /** Whether a leaf is held by a case. */
  holds(leaf: number): boolean {
    return this.open.some(({ subtree }) => leaf >= subtree.start && leaf < subtree.start + subtree.size);
  }

  /** The open case of exactly this subtree. */
  of(subtree: Subtree): Case | undefined {
    return this.#cases.get(key(subtree));
  }

  /** Opens a case with its first answer. */
  begin(subtree: Subtree, profile: string, first: Testimony): void {
    this.#cases.set(key(subtree), { subtree, profile, testimonies: [first] });
  }

  /** Adds an answer. @returns the ruling, once two agree. */
  hear(subtree: Subtree, testimony: Testimony): Ruling | undefined {
    const found = this.#cases.get(key(subtree));
    if (!found || found.testimonies.some(({ worker }) => worker === testimony.worker)) return undefined;
    const agreeing = found.testimonies.find(({ fingerprint }) => fingerprint === testimony.fingerprint);
    found.testimonies.push(testimony);
    if (!agreeing) return undefined;
    this.#cases.delete(key(subtree));
    const wrong = found.testimonies.filter(({ fingerprint }) => fingerprint !== testimony.fingerprint);
    return {
      subtree,
      node: agreeing.node,
      wrong: wrong.map(({ worker }) => worker),
      kind: wrong.length === 0 ? 'agreed' : 'settled',
    };
  }

  /** Nobody is left to ask: the first answer is used, unproven. */
  release(subtree: Subtree): Ruling | undefined {
    const found = this.#cases.get(key(subtree));
    if (!found) return undefined;
    this.#cases.delete(key(subtree));
    return { subtree, node: found.testimonies[0].node, wrong: [], kind: 'skipped' };
  }
}

function key({ start, size }: Subtree): string {
  return `${start}/${size}`;
}
