/**
 * Times tiles and chooses: pure but for the timer and the clock that it is given.
 *
 * Invariants: it ends when its budget does, whatever a device does; a tile is taken in place of the usual one only if it was
 * faster by more than noise; what was not timed has no entry in the result.
 */
import type { TileName } from '@gradcast/plan';
import { candidatesOf } from './candidates.ts';
import type { WorkgroupLimits } from './candidates.ts';
import { Deadline } from './deadline.ts';
import type { TuningClock } from './deadline.ts';
import type { TunedProduct } from './product.ts';

/** A product whose kernels and operands are on the device. */
export interface PreparedProduct {
  /** Those of the tiles asked for that the device takes. */
  readonly tiles: readonly TileName[];
  /** Milliseconds that so many runs with a tile take, one behind the other, submitting and waiting included. */
  run(tile: TileName, runs: number): Promise<number>;
  dispose(): void;
}

export interface TileTimer {
  /** @throws Error if the device has not the memory. */
  prepare(product: TunedProduct, tiles: readonly TileName[]): Promise<PreparedProduct>;
}

export interface TimingOptions {
  /** In the order in which they are timed. */
  readonly products: readonly TunedProduct[];
  readonly limits: WorkgroupLimits;
  readonly timer: TileTimer;
  readonly clock: TuningClock;
  readonly budgetMs: number;
  /** Told after each product that was timed. */
  readonly progress: (timed: number) => void;
}

/** How much faster than the usual tile another one must be. */
const LEAST_GAIN = 1.03;
const ROUNDS = 5;
/** With fewer whole rounds nothing is decided. */
const LEAST_ROUNDS = 2;
/** Beyond so many times the fastest, a tile is out of the race after its first round. */
const HOPELESS = 1.5;
/** What is timed at once takes at least so long, so that the clock's grain and the wait for the device are small beside it. */
const MEASURE_MS = 3;
const MOST_RUNS = 256;

/** By key: the tile that each product which was timed is best computed with. */
export async function timeTiles(options: TimingOptions): Promise<Map<string, TileName>> {
  const { products, clock, budgetMs, progress } = options;
  const deadline = new Deadline(clock, budgetMs);
  const chosen = new Map<string, TileName>();
  try {
    for (const product of products) {
      if (deadline.hasPassed) break;
      const tile = await fastestOf(product, options, deadline);
      if (tile === undefined) continue;
      chosen.set(product.key, tile);
      progress(chosen.size);
    }
  } finally {
    deadline.cancel();
  }
  return chosen;
}

/** Undefined where the device failed or the time was over. */
async function fastestOf(
  product: TunedProduct,
  { limits, timer }: TimingOptions,
  deadline: Deadline,
): Promise<TileName | undefined> {
  const candidates = candidatesOf(product, limits);
  if (candidates.length === 1) return product.usual;
  try {
    const preparing = timer.prepare(product, candidates);
    const prepared = await deadline.race(preparing);
    if (!prepared) {
      // What comes too late is given back all the same.
      preparing.then((late) => late.dispose()).catch(() => undefined);
      return undefined;
    }
    try {
      return await race(product.usual, prepared, deadline);
    } finally {
      prepared.dispose();
    }
  } catch {
    // Such as no memory for operands of its own, or a lost device, of which the next one to use it will hear.
    return undefined;
  }
}

async function race(usual: TileName, prepared: PreparedProduct, deadline: Deadline): Promise<TileName | undefined> {
  if (!prepared.tiles.includes(usual)) return undefined;
  const timed = (tile: TileName, runs: number) => deadline.race(prepared.run(tile, runs));
  // The first run of a kernel is slower than all others.
  for (const tile of prepared.tiles) if ((await timed(tile, 1)) === undefined) return undefined;
  const runs = await enoughRuns((count) => timed(usual, count));
  if (runs === undefined) return undefined;
  const least = new Map<TileName, number>();
  let racing = prepared.tiles;
  let rounds = 0;
  // In turns, so that what changes with time (clocks of a card, other work) meets all of them.
  while (rounds < ROUNDS && (await round(racing))) {
    rounds += 1;
    const limit = HOPELESS * Math.min(...least.values());
    racing = racing.filter((tile) => tile === usual || least.get(tile)! <= limit);
  }
  return rounds < LEAST_ROUNDS ? undefined : fastest(usual, least);

  /** @returns whether it came to its end. */
  async function round(tiles: readonly TileName[]): Promise<boolean> {
    const found = new Map<TileName, number>();
    for (const tile of tiles) {
      const ms = await timed(tile, runs!);
      if (ms === undefined) return false;
      found.set(tile, ms);
    }
    for (const [tile, ms] of found) least.set(tile, Math.min(ms, least.get(tile) ?? Infinity));
    return true;
  }
}

/** How many runs at once take long enough to be timed. */
async function enoughRuns(time: (runs: number) => Promise<number | undefined>): Promise<number | undefined> {
  let runs = 1;
  for (;;) {
    const ms = await time(runs);
    if (ms === undefined) return undefined;
    if (ms >= MEASURE_MS || runs >= MOST_RUNS) return runs;
    runs = Math.min(MOST_RUNS, runs * Math.min(16, Math.max(2, Math.ceil(MEASURE_MS / Math.max(ms, 1e-3)))));
  }
}

function fastest(usual: TileName, least: ReadonlyMap<TileName, number>): TileName {
  let [best, ms] = [usual, least.get(usual)!];
  const limit = ms / LEAST_GAIN;
  for (const [tile, own] of least) if (own <= limit && own < ms) [best, ms] = [tile, own];
  return best;
}
