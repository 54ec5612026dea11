/** Events as `events.jsonl` has them: of this version or another, so that no member but three is sure to be there. */
import { recordedPreset } from '@gradcast/definition';
import { printable } from '@gradcast/protocol';

export interface LoggedEvent extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly seq: number;
  /** Seconds since 1970. */
  readonly time: number;
}

/** Characters of a word of an event, which may be a peer's. */
const WORD_LIMIT = 240;

/** @returns undefined for what is no event. */
export function loggedEvent(text: string | null): LoggedEvent | undefined {
  if (text === null) return undefined;
  try {
    const event = Object(JSON.parse(text)) as Partial<Record<string, unknown>>;
    const { type, seq, time } = event;
    if (typeof type !== 'string' || !Number.isSafeInteger(seq) || typeof time !== 'number') return undefined;
    return event as LoggedEvent;
  } catch {
    return undefined;
  }
}

/** A member as it may be shown; a question mark where there is none. */
export function word(record: unknown, key: string): string {
  const value = member(record, key);
  if (typeof value === 'string') return printable(value, WORD_LIMIT);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '?';
}

/** The preset or task of its own that a run's configuration names, by its name of now. */
export function presetOf(config: unknown): string {
  return word({ preset: recordedPreset(config) }, 'preset');
}

/** A member that is a finite number; NaN where there is none. */
export function number(record: unknown, key: string): number {
  const value = member(record, key);
  return typeof value === 'number' && Number.isFinite(value) ? value : NaN;
}

/** Null where it is no finite number. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function member(record: unknown, key: string): unknown {
  return typeof record === 'object' && record !== null && Object.hasOwn(record, key)
    ? (Reflect.get(record, key) as unknown)
    : undefined;
}

/** A number with so many digits behind the point; a question mark where there is none. */
export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '?';
}

/** `2026-11-29 02:18:03`, in UTC, as the names of runs are. */
export function utc(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? '?' : date.toISOString().slice(0, 19).replace('T', ' ');
}
