/**
 * Audits of one step: results that hold a picked leaf are computed once more and compared, before any of it is used.
 *
 *     held --the same bytes from an independent witness--> agreed (used)
 *       |--other bytes--> disputed --\
 *       \--no such witness------------ referred --the arbiter's value--> settled (the arbiter's is used)
 *
 * Invariants: a case ends by agreement of two that are independent, or by the arbiter, and in no other way: nothing is
 * ever used undecided, whoever has left since; a volunteer's answer is judged and judges nobody. Which leaves are picked is
 * known to nobody but the coordinator, and does not depend on how workers cut their leases. Answers of one numeric profile are compared by a SHA-256 of their bytes; those
 * of a profile that the arbiter does not have, by their distance to the arbiter's value.
 */
import type { Subtree } from '@gradcast/schedule';
import { isVolunteer } from '../membership/volunteer.ts';
import type { Credential } from '../network/credentials.ts';

/** Whose answer it is. */
export interface Party {
  readonly worker: string;
  /** Under which its strikes are counted, also when it is gone. */
  readonly identity: string;
  readonly credential: Pick<Credential, 'kind' | 'name' | 'role'>;
  /** Key of the numeric profile, as the worker says. */
  readonly profile: string;
  /** Our own worker, whose answer is final. */
  readonly isArbiter: boolean;
  /** What an arbiter should be like to have the same profile. */
  readonly backend: string;
  readonly threads: number;
}

/** One answer for an audited subtree. */
export interface Testimony {
  readonly party: Party;
  readonly node: Uint8Array;
  /** SHA-256 of the node, in hex. */
  readonly digest: string;
}

export interface Case {
  readonly subtree: Subtree;
  readonly testimonies: readonly Testimony[];
  /** How many witnesses were asked; one that hangs up or does not answer leaves the case to the arbiter sooner or later. */
  readonly asked: number;
  /** Only the arbiter's answer can end it. */
  readonly referred: boolean;
}

/** How a case ended. */
export interface Ruling {
  readonly subtree: Subtree;
  readonly node: Uint8Array;
  /** Whose answers lost, and whose were found right, the arbiter's left out. */
  readonly wrong: readonly Party[];
  readonly right: readonly Party[];
  /** Those of them that gave the very bytes. */
  readonly alike: readonly Party[];
  /** Whose value is used. */
  readonly used: Party;
  readonly kind: 'agreed' | 'settled' | 'confirmed';
  /** Whether the value is of the profile of the first answer, so that who was asked decided no bit. */
  readonly exact: boolean;
}

/** Witnesses that are asked before a case goes to the arbiter. */
const WITNESSES = 2;

type OpenCase = { -readonly [K in keyof Case]: Case[K] } & { testimonies: Testimony[] };

/**
 * Whether the second of two may confirm the first: whoever holds one secret can be both. Our own workers and trusted ones do
 * not lie; a volunteer confirms nobody, and nobody but they confirms a volunteer.
 */
export function mayConfirm(a: Pick<Party, 'credential'>, b: Pick<Party, 'credential'>): boolean {
  if (isVolunteer(b)) return false;
  if (a.credential.role === 'trusted' || b.credential.role === 'trusted') return true;
  if (isVolunteer(a)) return false;
  return a.credential.kind === 'own' && b.credential.kind === 'own' && a.credential.name !== b.credential.name;
}

export interface AuditsOptions {
  /** Whether a node of another profile lies within the tolerance of a reference. */
  readonly isNear: (node: Uint8Array, reference: Uint8Array) => boolean;
  /** In an exact run a trusted worker's value is used, if it is near, rather than one of another profile. */
  readonly isExact: boolean;
}

export class Audits {
  readonly #isNear: (node: Uint8Array, reference: Uint8Array) => boolean;
  readonly #cases = new Map<string, OpenCase>();

  readonly #isExact: boolean;

  constructor({ isNear, isExact }: AuditsOptions) {
    this.#isNear = isNear;
    this.#isExact = isExact;
  }

  /** Cases that still need an answer. */
  get open(): readonly Case[] {
    return [...this.#cases.values()];
  }

  /** Whether a leaf is held by a case. */
  holds(leaf: number): boolean {
    for (const { subtree } of this.#cases.values()) {
      if (leaf >= subtree.start && leaf < subtree.start + subtree.size) return true;
    }
    return false;
  }

  /** The open case of exactly this subtree. */
  of(subtree: Subtree): Case | undefined {
    return this.#cases.get(key(subtree));
  }

  /** Opens a case with its first answer; a referred one is the arbiter's at once. */
  begin(subtree: Subtree, first: Testimony, referred = false): void {
    this.#cases.set(key(subtree), { subtree, testimonies: [first], asked: 0, referred });
  }

  /** A witness was asked. */
  ask(subtree: Subtree): void {
    const found = this.#cases.get(key(subtree));
    if (found && ++found.asked >= WITNESSES + 1) found.referred = true;
  }

  /** No witness can, or will, answer: the arbiter shall. */
  refer(subtree: Subtree): void {
    const found = this.#cases.get(key(subtree));
    if (found) found.referred = true;
  }

  /** Adds an answer. @returns the ruling, if it ends the case. */
  hear(subtree: Subtree, testimony: Testimony): Ruling | undefined {
    const found = this.#cases.get(key(subtree));
    if (!found || found.testimonies.some(({ party }) => party.worker === testimony.party.worker)) return undefined;
    // Nobody asks one; what decides does not depend on that.
    if (isVolunteer(testimony.party)) return undefined;
    const earlier = found.testimonies;
    found.testimonies = [...earlier, testimony];
    if (testimony.party.isArbiter) return this.#settle(found, earlier, testimony);
    if (earlier.every((other) => agree(other, testimony)) && mayConfirm(earlier[0].party, testimony.party)) {
      const right = found.testimonies.map(({ party }) => party);
      if (!found.referred)
        return this.#close(found, {
          node: earlier[0].node,
          used: earlier[0].party,
          wrong: [],
          right,
          alike: right,
          kind: 'agreed',
          exact: true,
        });
    } else found.referred = true;
    return undefined;
  }

  #settle(found: OpenCase, earlier: readonly Testimony[], arbiters: Testimony): Ruling {
    const { party, node, digest } = arbiters;
    const isLike = (other: Testimony) => other.party.profile === party.profile;
    const isRight = (other: Testimony) => (isLike(other) ? other.digest === digest : this.#isNear(other.node, node));
    const right = earlier.filter(isRight);
    const wrong = earlier.filter((other) => !right.includes(other)).map((other) => other.party);
    const trusted = right.find((other) => !isLike(other) && other.party.credential.role === 'trusted');
    const kept = this.#isExact ? trusted : undefined;
    const used = kept ?? right.find(isLike) ?? arbiters;
    const exact = kept ? right.every((other) => agree(other, kept)) : isLike(earlier[0]);
    return this.#close(found, {
      node: used.node,
      used: used.party,
      wrong,
      right: right.map((other) => other.party),
      alike: right.filter(isLike).map((other) => other.party),
      kind: wrong.length > 0 ? 'settled' : 'confirmed',
      exact,
    });
  }

  #close({ subtree }: OpenCase, ruling: Omit<Ruling, 'subtree'>): Ruling {
    this.#cases.delete(key(subtree));
    return { subtree, ...ruling };
  }
}

function agree(a: Testimony, b: Testimony): boolean {
  return a.party.profile === b.party.profile && a.digest === b.digest;
}

function key({ start, size }: Subtree): string {
  return `${start}/${size}`;
}
