/** Numeric profiles of the workers of a run, by the digest under which the ledger names them. */
import { createHash } from 'node:crypto';
import { printable } from '@gradcast/protocol';

/** Profiles that are kept, and characters of one that is read. */
const MOST_KEPT = 64;
const MOST_CHARACTERS = 2 ** 14;
const MOST_FACTS = 32;

export interface KnownProfile {
  /** As the ledger has it: 16 hex digits. */
  readonly digest: string;
  /** Names and values, as they may be shown. */
  readonly facts: readonly (readonly [string, string])[];
}

export class Profiles {
  readonly #known = new Map<string, KnownProfile>();

  /** Takes the key of a profile, as a `joined` event has it. */
  hear(key: unknown): void {
    if (typeof key !== 'string' || key.length > MOST_CHARACTERS || this.#known.size >= MOST_KEPT) return;
    const digest = createHash('sha256').update(key).digest('hex').slice(0, 16);
    if (this.#known.has(digest)) return;
    const facts = factsOf(key);
    if (facts) this.#known.set(digest, { digest, facts });
  }

  get all(): readonly KnownProfile[] {
    return [...this.#known.values()];
  }

  /** What they all say of a fact; undefined where they differ or there is none. */
  common(name: string): string | undefined {
    const values = new Set(this.all.map(({ facts }) => facts.find(([each]) => each === name)?.[1]));
    return values.size === 1 ? [...values][0] : undefined;
  }
}

function factsOf(key: string): (readonly [string, string])[] | undefined {
  try {
    const entries: unknown = JSON.parse(key);
    if (!Array.isArray(entries)) return undefined;
    return entries.slice(0, MOST_FACTS).map((entry: unknown) => {
      const [name, value] = Array.isArray(entry) ? (entry as unknown[]) : [];
      return [printable(String(name), 40), printable(String(value), 240)] as const;
    });
  } catch {
    return undefined;
  }
}
