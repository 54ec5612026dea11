/**
 * Tickets: what a browser tab shows at the upgrade in place of a token. A page cannot keep a secret out of the address that it
 * opens a socket with, nor out of a proxy's log, so what it shows there is good once and for moments only.
 *
 * Invariants: a ticket is good once; there is a bounded number, the oldest are forgotten first.
 */
import { createHash, randomBytes } from 'node:crypto';

export const TICKET_SECONDS = 30;
/** Tickets that nobody has used yet. */
const MOST = 4096;

export class Tickets {
  readonly #now: () => number;
  /** Until when, in monotonic milliseconds, by a digest of the ticket; the oldest first. */
  readonly #issued = new Map<string, number>();

  /** @param now monotonic milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#issued.size;
  }

  issue(): string {
    const ticket = randomBytes(16).toString('base64url');
    this.#issued.set(digestOf(ticket), this.#now() + TICKET_SECONDS * 1000);
    this.#makeRoom();
    return ticket;
  }

  /** Uses a ticket up. @returns whether it was good. */
  take(ticket: string): boolean {
    // Found by its digest: time tells nothing that leads to another one.
    const digest = digestOf(ticket);
    const until = this.#issued.get(digest);
    this.#issued.delete(digest);
    return until !== undefined && until > this.#now();
  }

  /** None that was issued so far is good any more. */
  forget(): void {
    this.#issued.clear();
  }

  #makeRoom(): void {
    for (const [digest, until] of this.#issued) {
      if (this.#issued.size <= MOST && until > this.#now()) return;
      this.#issued.delete(digest);
    }
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
