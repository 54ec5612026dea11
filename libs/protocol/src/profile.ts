/**
 * Numeric profiles: what decides the bits of a gradient, as names and facts that two workers can be compared by.
 *
 * Invariant: any facts whatever make a legal profile, so nothing that an environment says of itself keeps a worker from
 * joining; and facts that differ stay different, for one that does not fit travels as its digest.
 */
import { isPrintable, LABEL_LIMIT, printable } from './text.ts';

/** Facts by name. */
export type Profile = Record<string, string>;

/** SHA-256 of a text's UTF-8 in hex; every runtime has its own. */
export type TextDigest = (text: string) => string;

/** Facts in a profile. */
export const FACT_LIMIT = 24;
/** The pattern of a fact's name. */
export const FACT_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/;

/** The gradient of the run's probe, which a key holds besides the facts. */
const PROBE = 'probe';
/** Facts that found no place of their own. */
const OTHERS = 'others';
const DIFFERENCE_LIMIT = 600;
const SHOWN_FACT = 80;

/** Whether names, facts and their number are those of a profile. */
export function isProfile(facts: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(facts);
  return entries.length <= FACT_LIMIT && entries.every(([name, fact]) => isFactName(name) && fits(fact));
}

/**
 * A legal profile of any facts: a fact that is empty, longer than 120 characters or not printable stands as `sha256:` and
 * its digest, and so does a name; facts beyond the 24th go into one digest together.
 */
export function profileOf(facts: Readonly<Record<string, unknown>>, digest: TextDigest): Profile {
  const told = Object.entries(facts)
    .filter(([, fact]) => fact !== undefined)
    .map(([name, fact]): [string, string] => [nameOf(name, digest), factOf(String(fact), digest)])
    .sort(byName);
  if (told.length <= FACT_LIMIT) return Object.fromEntries(told);
  const rest = told.splice(FACT_LIMIT - 1);
  return Object.fromEntries([...told, [OTHERS, digested(JSON.stringify(rest), digest)]]);
}

/** One text for a profile and the SHA-256 of its probe. Workers with equal keys may be expected to compute equal bits. */
export function profileKey(profile: Profile, probe: string): string {
  return JSON.stringify([...Object.entries(profile).sort(byName), [PROBE, probe]]);
}

/** The SHA-256 of the probe in a key, or undefined if the text is no key. */
export function probeOf(key: string): string | undefined {
  return factsOf(key)?.get(PROBE);
}

/**
 * A key that an earlier version may have written, as {@link profileKey} writes it today; undefined if the text is none.
 */
export function renewedKey(stored: string, digest: TextDigest): string | undefined {
  const facts = factsOf(stored);
  const probe = facts?.get(PROBE);
  if (!facts || probe === undefined) return undefined;
  facts.delete(PROBE);
  return profileKey(profileOf(Object.fromEntries(facts), digest), probe);
}

/** Names the facts in which two profiles differ, and what they are as far as there is room. */
export function profileDifference(ours: string, theirs: string): string {
  const [a, b] = [factsOf(ours) ?? new Map<string, string>(), factsOf(theirs) ?? new Map<string, string>()];
  const names = [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
  const shown = (fact: string | undefined) => (fact === undefined ? 'absent' : printable(fact, SHOWN_FACT));
  let told = '';
  for (const [index, name] of names.entries()) {
    const next = `${index > 0 ? '; ' : ''}${printable(name, 40)} is ${shown(b.get(name))}, not ${shown(a.get(name))}`;
    if (told.length + next.length > DIFFERENCE_LIMIT) {
      const rest = names.slice(index);
      return printable(`${told}; and ${rest.length} more: ${rest.join(', ')}`, DIFFERENCE_LIMIT + 200);
    }
    told += next;
  }
  return told;
}

/** The facts of a key and its probe; undefined if the text is no key. */
function factsOf(key: string): Map<string, string> | undefined {
  try {
    const entries: unknown = JSON.parse(key);
    return Array.isArray(entries) && entries.every(isEntry) ? new Map(entries) : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

function isFactName(name: string): boolean {
  return FACT_NAME.test(name) && name !== PROBE;
}

function fits(fact: string): boolean {
  return fact.length > 0 && fact.length <= LABEL_LIMIT && isPrintable(fact);
}

function nameOf(name: string, digest: TextDigest): string {
  return isFactName(name) ? name : `fact-${digest(name).slice(0, 32)}`;
}

function factOf(fact: string, digest: TextDigest): string {
  return fits(fact) ? fact : digested(fact, digest);
}

function digested(text: string, digest: TextDigest): string {
  return `sha256:${digest(text)}`;
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
