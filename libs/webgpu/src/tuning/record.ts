/**
 * What is kept of an adapter's tuning, as text. Whatever is not a whole record of this plan's version and this adapter is
 * none: then all is timed anew.
 */
import { PLAN_VERSION, tileNames } from '@gradcast/plan';
import type { TileName } from '@gradcast/plan';

/** What tells an adapter from others, as its profile has it. */
export interface AdapterFacts {
  /** `gpu:NAME` or `software:NAME`. */
  readonly device: string;
  /** Features and what the driver says of itself, its version included. */
  readonly features: string;
}

export interface Tuned {
  readonly tile: TileName;
  /** Whether it was timed; the time was over before the others'. */
  readonly timed: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** By the key of a product. */
type TuningTable = ReadonlyMap<string, Tuned>;

/** Products of dozens of tasks; beyond it the oldest go. */
const MOST_PRODUCTS = 2000;
const MOST_CHARACTERS = 1_000_000;

/** Where an adapter's record is kept. */
export function recordKey({ device, features }: AdapterFacts): string {
  return `${device}\n${features}`;
}

export function writeRecord({ device, features }: AdapterFacts, table: TuningTable): string {
  const kept = [...table].sort(([, a], [, b]) => b.at - a.at).slice(0, MOST_PRODUCTS);
  return JSON.stringify({ plan: PLAN_VERSION, device, features, products: Object.fromEntries(kept) }, undefined, 1);
}

/** Empty for a text that is no such record. */
export function readRecord(facts: AdapterFacts, text: string | undefined): Map<string, Tuned> {
  const table = new Map<string, Tuned>();
  if (text === undefined || text.length > MOST_CHARACTERS) return table;
  const record = Object(parsed(text)) as Partial<Record<'plan' | keyof AdapterFacts | 'products', unknown>>;
  if (record.plan !== PLAN_VERSION || record.device !== facts.device || record.features !== facts.features)
    return table;
  for (const [key, value] of Object.entries(Object(record.products) as object)) {
    const { tile, timed, at } = Object(value) as Partial<Record<keyof Tuned, unknown>>;
    const name = tileNames.find((each) => each === tile);
    if (name !== undefined && typeof timed === 'boolean' && typeof at === 'number') {
      table.set(key, { tile: name, timed, at });
    }
  }
  return table;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How many products were timed, and which tile most of them have, for people; undefined where there are none. */
export function recordSummary(facts: AdapterFacts, text: string | undefined): string | undefined {
  const counts = new Map<TileName, number>();
  for (const { tile, timed } of readRecord(facts, text).values()) {
    if (timed) counts.set(tile, (counts.get(tile) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const [[most]] = [...counts].sort((a, b) => b[1] - a[1]);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return `${total} ${total === 1 ? 'product' : 'products'} tuned, most with tiles of ${most}`;
}
