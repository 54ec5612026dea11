/**
 * Which numeric profiles a run's results came from, over all of its starts: part of every checkpoint.
 *
 * Invariant: what a checkpoint is given stays below a hundred kilobytes, whatever profiles peers think of; whether there
 * was more than one is never forgotten.
 */
import { createHash } from 'node:crypto';
import { probeOf, profileKey, renewedKey } from '@gradcast/protocol';

/** Profiles whose facts are kept, so that a refusal can name those that differ. */
const FULL_LIMIT = 8;
/** Profiles that are kept at all; of those beyond the full ones only digest and probe. */
const LIMIT = 256;
/** Stands in place of facts; no fact of a peer can have this name. */
const DIGEST = '#sha256';
const SHORTENED = /^\[\["#sha256","([0-9a-f]{64})"\],\["probe","[0-9a-f]*"\]\]$/;

export class UsedProfiles {
  /** What is kept of a profile, by the digest of its key; the oldest first. */
  readonly #kept = new Map<string, string>();

  /** Takes what an earlier start's checkpoint kept: any version's, or any JSON value, of which the rest is left out. */
  recall(stored: unknown): void {
    if (!Array.isArray(stored)) return;
    for (const entry of stored) {
      if (typeof entry !== 'string') continue;
      const shortened = SHORTENED.exec(entry)?.[1];
      if (shortened !== undefined) this.#keep(shortened, entry);
      else this.add(renewedKey(entry, sha256));
    }
  }

  /** A result of a worker with this profile was used. */
  add(key: string | undefined): void {
    if (key !== undefined) this.#keep(sha256(key), key);
  }

  get count(): number {
    return this.#kept.size;
  }

  /** What a checkpoint keeps: keys, and in place of those beyond the eighth keys of their digest and probe alone. */
  get keys(): string[] {
    return [...this.#kept.values()];
  }

  #keep(digest: string, key: string): void {
    if (this.#kept.has(digest) || this.#kept.size >= LIMIT) return;
    this.#kept.set(digest, this.#kept.size < FULL_LIMIT ? key : profileKey({ [DIGEST]: digest }, probeOf(key) ?? ''));
  }
}

/** The profile that an exact run's checkpoint asks of every worker; undefined if it knows none. */
export function firstProfile(stored: unknown): string | undefined {
  const used = new UsedProfiles();
  used.recall(stored);
  return used.keys.at(0);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
