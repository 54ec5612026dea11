/** A device of a test: products that take as long as it says, on a clock that only they move. */
import type { Plan, ProductLaunch, TileName } from '@gradcast/plan';
import type { WorkgroupLimits } from '../tuning/candidates.ts';
import type { TuningClock } from '../tuning/deadline.ts';
import type { TunedProduct } from '../tuning/product.ts';
import type { TuningStore } from '../tuning/store.ts';
import type { TileTimer } from '../tuning/time-tiles.ts';

/** What WebGPU guarantees. */
export const GUARANTEED: WorkgroupLimits = {
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
};

/** The launch of a dense layer's forward product. */
export function dense(images: number, features: number, units: number, usual: TileName = '64x64'): ProductLaunch {
  const ref = { value: 0, at: 0 };
  return {
    kind: 'product',
    name: `dense ${units}`,
    way: 'forward',
    convolution: {
      large: [1, 1],
      small: [1, 1],
      channels: features,
      filters: units,
      kernel: 1,
      stride: 1,
      before: [0, 0],
    },
    images,
    left: ref,
    right: ref,
    kernel: { kind: 'tiled', tile: usual },
    parts: 1,
    shape: { samples: images, perSample: units, channels: units },
    steps: [],
    out: ref,
  };
}

export function planOf(...launches: ProductLaunch[]): Plan {
  const sizes = { parameters: 0, batch: 0, statistics: 0, result: 0 };
  return { name: 'test', samples: 1, values: [], launches, arenas: [], sizes };
}

/** Moves by hand; what waits for a time is called when it comes. */
export class HandClock implements TuningClock {
  #now = 0;
  readonly #waiting = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const entry = { at: this.#now + ms, callback };
    this.#waiting.add(entry);
    return () => void this.#waiting.delete(entry);
  }

  pass(ms: number): void {
    this.#now += ms;
    for (const entry of [...this.#waiting]) {
      if (entry.at > this.#now) continue;
      this.#waiting.delete(entry);
      entry.callback();
    }
  }

  get waiting(): number {
    return this.#waiting.size;
  }
}

export class FakeTimer implements TileTimer {
  readonly clock: HandClock;
  /** Keys, in the order in which they were prepared. */
  readonly prepared: string[] = [];
  readonly asked: TileName[][] = [];
  disposed = 0;
  /** Tiles that its compiler refuses. */
  refused: readonly TileName[] = [];
  prepareMs = 0;
  /** Milliseconds of one run. */
  readonly #ms: (tile: TileName, product: TunedProduct, run: number) => number;
  #runs = 0;

  constructor(clock: HandClock, ms: (tile: TileName, product: TunedProduct, run: number) => number) {
    this.clock = clock;
    this.#ms = ms;
  }

  get runs(): number {
    return this.#runs;
  }

  prepare(product: TunedProduct, tiles: readonly TileName[]) {
    this.prepared.push(product.key);
    this.asked.push([...tiles]);
    this.clock.pass(this.prepareMs);
    return Promise.resolve({
      tiles: tiles.filter((tile) => !this.refused.includes(tile)),
      run: (tile: TileName, runs: number) => {
        this.#runs += 1;
        const ms = runs * this.#ms(tile, product, this.#runs);
        this.clock.pass(ms);
        return Promise.resolve(ms);
      },
      dispose: () => void (this.disposed += 1),
    });
  }
}

/** Keeps for as long as it lives. */
export function memoryStore(): TuningStore & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    read: (key) => Promise.resolve(kept.get(key)),
    write: (key, text) => Promise.resolve(void kept.set(key, text)),
    exclusively: (_, work) => work(),
  };
}
