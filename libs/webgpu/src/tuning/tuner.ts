/**
 * Chooses the tiles of a plan's products: as they are kept for this adapter, else timed now and kept.
 *
 *     kept for all products? -yes-> the kept choice
 *       '-no-> alone with this adapter's record -> kept meanwhile? -yes-> the kept choice
 *                                                    '-no-> timed for at most ten seconds -> kept -> the choice
 *
 * Invariants: tuning never fails a run: whatever goes wrong, the usual tiles stand; a choice changes only when somebody asks for
 * it, and never while a worker lives; products that the time was over for keep the usual tile and are not timed the next time;
 * workers that start together choose alike, for one times and the others wait for what it kept.
 */
import type { ChooseTile, Plan, TileName } from '@gradcast/plan';
import type { WorkgroupLimits } from './candidates.ts';
import { Deadline } from './deadline.ts';
import type { TuningClock } from './deadline.ts';
import { productKey, productsOf } from './product.ts';
import type { TunedProduct } from './product.ts';
import { readRecord, recordKey, writeRecord } from './record.ts';
import type { AdapterFacts, Tuned } from './record.ts';
import type { TuningStore } from './store.ts';
import { timeTiles } from './time-tiles.ts';
import type { TileTimer } from './time-tiles.ts';

interface TileChoice {
  readonly chooseTile: ChooseTile;
  /** Every product whose tile is not the usual one, in an order of its own; undefined if there is none. */
  readonly text: string | undefined;
}

export interface TilesTuner {
  /** Never rejects. */
  choose(plan: Plan): Promise<TileChoice>;
}

export interface TunerOptions {
  readonly adapter: AdapterFacts;
  readonly limits: WorkgroupLimits;
  readonly store: TuningStore;
  readonly timer: TileTimer;
  readonly clock: TuningClock;
  /** Milliseconds since 1970. */
  readonly date: () => number;
  /** What was timed before counts for nothing: milliseconds since 1970. */
  readonly notBefore?: number;
  readonly budgetMs?: number;
  /** Told a sentence about what takes its time. */
  readonly tell: (sentence: string) => void;
}

/** Of wall time, for all products of a task. */
const BUDGET_MS = 10_000;
/** A store that does not answer is one that keeps nothing. */
const READ_MS = 2_000;
/** Between two sentences about how far it is. */
const PROGRESS_MS = 2_500;

export function createTuner(options: TunerOptions): TilesTuner {
  // An engine that is made anew on another device computes as it did, whatever became of the store.
  const choices = new Map<string, Promise<TileChoice>>();
  return {
    choose: (plan) => {
      const products = productsOf(plan);
      const all = products.map(({ key }) => key).join('\n');
      const known = choices.get(all) ?? choose(products, options);
      choices.set(all, known);
      return known;
    },
  };
}

async function choose(products: readonly TunedProduct[], options: TunerOptions): Promise<TileChoice> {
  const table = await tableOf(products, options).catch(() => new Map<string, Tuned>());
  return choiceOf(products, table);
}

function choiceOf(products: readonly TunedProduct[], table: ReadonlyMap<string, Tuned>): TileChoice {
  const chosen = new Map<string, TileName>();
  for (const { key, usual } of products) {
    const tile = table.get(key)?.tile;
    if (tile !== undefined && tile !== usual) chosen.set(key, tile);
  }
  const lines = [...chosen].map(([key, tile]) => `${key}: ${tile}`).sort();
  return {
    chooseTile: (product) => chosen.get(productKey(product)),
    text: lines.length === 0 ? undefined : lines.join('\n'),
  };
}

async function tableOf(products: readonly TunedProduct[], options: TunerOptions): Promise<Map<string, Tuned>> {
  const { adapter, store, clock, budgetMs = BUDGET_MS, notBefore = -Infinity } = options;
  const key = recordKey(adapter);
  const read = async () => {
    const deadline = new Deadline(clock, READ_MS);
    try {
      return readRecord(adapter, await deadline.race(store.read(key)));
    } finally {
      deadline.cancel();
    }
  };
  const lacking = (table: Map<string, Tuned>) =>
    products.filter((product) => {
      const known = table.get(product.key);
      return known === undefined || known.at < notBefore;
    });
  const kept = await read();
  if (lacking(kept).length === 0) return kept;
  return store.exclusively(key, async () => {
    // Another worker may have timed them while this one waited.
    const table = await read();
    const untimed = lacking(table);
    if (untimed.length === 0) return table;
    const began = clock.now();
    const tiles = await timed(untimed, options);
    const isOver = clock.now() - began >= budgetMs;
    const at = options.date();
    for (const { key: product, usual } of untimed) {
      const tile = tiles.get(product);
      table.set(product, { tile: tile ?? usual, timed: tile !== undefined, at });
    }
    // Where none could be timed in less than that, the device failed: the next start tries again.
    if (tiles.size > 0 || isOver) await store.write(key, writeRecord(adapter, table));
    return table;
  });
}

async function timed(products: readonly TunedProduct[], options: TunerOptions): Promise<Map<string, TileName>> {
  const { adapter, clock, budgetMs = BUDGET_MS, limits, timer, tell } = options;
  const began = clock.now();
  const count = `${products.length} ${products.length === 1 ? 'product' : 'products'}`;
  tell(`tuning: timing tiles of ${count} on ${adapter.device}, for at most ${budgetMs / 1000} s`);
  let told = began;
  const progress = (done: number) => {
    if (done === products.length || clock.now() - told < PROGRESS_MS) return;
    told = clock.now();
    tell(`tuning: timed ${done} of ${count}`);
  };
  const tiles = await timeTiles({ products, limits, timer, clock, budgetMs, progress });
  const faster = products.filter(({ key, usual }) => (tiles.get(key) ?? usual) !== usual).length;
  const seconds = ((clock.now() - began) / 1000).toFixed(1);
  tell(
    `tuning: timed ${tiles.size} of ${count} in ${seconds} s; ${faster} ${faster === 1 ? 'is' : 'are'} faster with other tiles`,
  );
  return tiles;
}
