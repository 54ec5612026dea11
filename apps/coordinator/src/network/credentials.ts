/**
 * Who a worker's connection belongs to, as far as its secret tells. Those of viewers open none.
 *
 * What a peer costs or does wrong is charged to its credential where that is its own. A shared secret, or none, tells
 * nobody apart: who holds it can take any name and hang up at will.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { computes } from '@gradcast/config';
import type { Access, CredentialRole } from '@gradcast/config';

/**
 * Whom a secret names: this command's own worker, one holder of its own, whoever has the shared one, whoever came by the join
 * link, anybody.
 */
export type CredentialKind = 'local' | 'own' | 'shared' | 'volunteer' | 'none';

export interface Credential {
  readonly kind: CredentialKind;
  /** Unique within a kind: the name in the token file, else the kind. */
  readonly name: string;
  readonly role: CredentialRole;
}

/** Of a worker that this command started. */
export const LOCAL: Credential = { kind: 'local', name: 'local', role: 'trusted' };
/** Of a browser tab that came by the join link. */
export const VOLUNTEER: Credential = { kind: 'volunteer', name: 'volunteer', role: 'volunteer' };
/** Of a worker at a coordinator that asks for no token. */
export const ANYBODY: Credential = { kind: 'none', name: 'none', role: 'worker' };

/** Whom a secret names that is good for a time or for once; asked once for each connection. */
export type Guests = (secret: string) => Credential | undefined;

export class Credentials {
  readonly #entries: readonly { readonly digest: Buffer; readonly credential: Credential }[];
  readonly #isOpen: boolean;
  #guests: Guests | undefined;

  constructor({ credentials, local }: Access) {
    this.#isOpen = credentials === null;
    const given = (credentials ?? []).filter(computes).map(({ name, role, secret }) => {
      const credential: Credential = { kind: name === null ? 'shared' : 'own', name: name ?? 'shared', role };
      return { digest: digestOf(secret), credential };
    });
    this.#entries = [{ digest: digestOf(local), credential: LOCAL }, ...given];
  }

  /** From now on guests are admitted as well, and no page without a secret, whoever else may come without one. */
  welcome(guests: Guests): void {
    this.#guests = guests;
  }

  /**
   * The credential of whoever presented a secret, or nothing. Time tells neither content nor length, nor which entry it was.
   *
   * @param isPage whether a page of a browser presents it.
   * @returns undefined if it is not admitted.
   */
  of(secret: string | undefined, isPage = false): Credential | undefined {
    const otherwise = this.#isOpen && !(isPage && this.#guests) ? ANYBODY : undefined;
    if (secret === undefined) return otherwise;
    const presented = digestOf(secret);
    let found: Credential | undefined;
    for (const { digest, credential } of this.#entries) {
      if (timingSafeEqual(digest, presented)) found = credential;
    }
    return found ?? this.#guests?.(secret) ?? otherwise;
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
