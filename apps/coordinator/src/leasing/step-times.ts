/**
 * When things happened while a step was open, for the account of its time (`records/step-accounts.ts`). All times are milliseconds of
 * one monotonic clock.
 *
 * Invariant: sums only grow, and each answer has what they were when it came; so what lies between two answers is a difference.
 */

import type { AnswerTimes } from '../events.ts';

export class StepTimes {
  readonly #answers = new Map<number, AnswerTimes>();
  #openedAt = 0;
  #addedMs = 0;
  #addingMs = 0;
  #stoodMs = 0;
  #idleMs = 0;
  #idleSince: number | undefined;

  get openedAt(): number {
    return this.#openedAt;
  }

  /** Checking and adding results, as far as the step waited for it. */
  get addedMs(): number {
    return this.#addedMs;
  }

  /** Checking and adding results, whoever did it and whoever waited. */
  get addingMs(): number {
    return this.#addingMs;
  }

  /** This process stood still. */
  get stoodMs(): number {
    return this.#stoodMs;
  }

  /** No lease was out. */
  idleMs(now: number): number {
    return this.#idleMs + (this.#idleSince === undefined ? 0 : Math.max(0, now - this.#idleSince));
  }

  /** By lease. */
  answerTo(lease: number): AnswerTimes | undefined {
    return this.#answers.get(lease);
  }

  opened(now: number): void {
    this.#openedAt = now;
    this.#addedMs = this.#addingMs = this.#stoodMs = this.#idleMs = 0;
    this.#idleSince = undefined;
  }

  /** A result of a lease came. */
  answered(lease: number, now: number, computeMs: number): void {
    const told = Math.max(0, computeMs) + (this.#answers.get(lease)?.computeMs ?? 0);
    this.#answers.set(lease, { at: now, computeMs: told, addedMs: this.#addedMs, idleMs: this.idleMs(now) });
  }

  added(ms: number): void {
    this.#addedMs += ms;
    this.#addingMs += ms;
  }

  /** The last result was there for so long before the sum was; what another thread added took so long. */
  summed({ waitedMs, elsewhereMs }: { readonly waitedMs: number; readonly elsewhereMs: number }): void {
    this.#addedMs += waitedMs;
    this.#addingMs += elsewhereMs;
  }

  stood(ms: number): void {
    this.#stoodMs += ms;
  }

  /** Whether a lease is out, each time that this may have changed. */
  hasLeases(isSo: boolean, now: number): void {
    if (!isSo) this.#idleSince ??= now;
    else if (this.#idleSince !== undefined) {
      this.#idleMs = this.idleMs(now);
      this.#idleSince = undefined;
    }
  }
}
