/** From the content of a ledger line to a typed one: names the first member that is not what it should be. */
import { EARLY_STOP_SCORES, storedFault } from '@gradcast/definition';
import { LEDGER_FORMAT, REPEATED_FIELDS } from './record.ts';
import type { LedgerLine } from './record.ts';

type Check = (value: unknown) => boolean;

const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const positive: Check = (value) => count(value) && (value as number) > 0;
const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const oneOf =
  (...choices: readonly unknown[]): Check =>
  (value) =>
    choices.includes(value);
const hex =
  (digits: number): Check =>
  (value) =>
    typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/.test(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const optionalText: Check = (value) => value === undefined || text(value);

const result: Check = (value) =>
  faultIn(value, { start: count, size: positive, worker: text, outcome: text, ms: number }) === undefined &&
  optionalText((value as { volunteer?: unknown }).volunteer);

const numberOrNull: Check = (value) => value === null || number(value);

const STEP_LEAVES: Record<string, Check> = { step: positive, start: count, size: positive };

const MEMBERS: Record<LedgerLine['kind'], Record<string, Check>> = {
  header: {
    format: oneOf(LEDGER_FORMAT),
    run: text,
    samples: positive,
  },
  step: {
    step: positive,
    outcome: oneOf('closed', 'skipped'),
    from: count,
    to: count,
    results: listOf(result),
    profiles: listOf(text),
    average: (value) => value === null || hex(32)(value),
    state: hex(32),
  },
  resumed: { incarnation: positive, from: count },
  gap: { from: positive, to: positive },
  accepted: { step: positive, field: oneOf(...REPEATED_FIELDS), before: text, now: text },
  distrusted: {
    ...STEP_LEAVES,
    incarnation: positive,
    worker: text,
    volunteer: text,
    uses: listOf((use) => faultIn(use, STEP_LEAVES) === undefined),
  },
  evaluated: {
    step: positive,
    at: positive,
    metric: oneOf(...EARLY_STOP_SCORES),
    value: numberOrNull,
    best: numberOrNull,
    bestStep: count,
    waited: count,
    verdict: oneOf('goes-on', 'ends'),
  },
};

/** What is wrong with the rest of a line. */
const FAULTS: Partial<Record<LedgerLine['kind'], (line: unknown) => string | undefined>> = { header: storedFault };

/** Members that a line may lack. */
const OPTIONAL: Partial<Record<LedgerLine['kind'], Record<string, Check>>> = {
  step: { normClipped: oneOf(true), exact: oneOf(false) },
};

/** What parsing gives: the line, or the member that is wrong. */
export type Parsed = { readonly line: LedgerLine } | { readonly fault: string };

/** @param content a line without its chain. */
export function parseLine(content: Buffer): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch {
    return { fault: 'JSON' };
  }
  const { kind } = Object(value) as { kind?: unknown };
  if (typeof kind !== 'string' || !Object.hasOwn(MEMBERS, kind)) return { fault: 'kind' };
  const known = kind as LedgerLine['kind'];
  const extra = Object.entries(OPTIONAL[known] ?? {}).filter(([name]) => Object.hasOwn(value as object, name));
  const fault = faultIn(value, { ...MEMBERS[known], ...Object.fromEntries(extra) }) ?? FAULTS[known]?.(value);
  return fault === undefined ? { line: value as LedgerLine } : { fault };
}

function faultIn(value: unknown, members: Readonly<Record<string, Check>>): string | undefined {
  const record = Object(value) as Record<string, unknown>;
  return Object.keys(members).find((name) => !Object.hasOwn(record, name) || !members[name](record[name]));
}
