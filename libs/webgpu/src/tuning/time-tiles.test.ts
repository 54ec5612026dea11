import type { TileName } from '@gradcast/plan';
import { describe, expect, it } from 'vitest';
import { dense, FakeTimer, GUARANTEED, HandClock, planOf } from '../for-tests/fake-timer.ts';
import { productsOf } from './product.ts';
import type { TunedProduct } from './product.ts';
import { timeTiles } from './time-tiles.ts';

const products = productsOf(planOf(dense(1024, 512, 512), dense(1024, 256, 512), dense(1024, 128, 512)));
const [first, second, third] = products.map(({ key }) => key);

function bench(
  ms: (tile: TileName, product: TunedProduct, run: number) => number,
  { budgetMs = 10_000 }: { readonly budgetMs?: number } = {},
) {
  const clock = new HandClock();
  const timer = new FakeTimer(clock, ms);
  const progress: number[] = [];
  const time = () =>
    timeTiles({ products, limits: GUARANTEED, timer, clock, budgetMs, progress: (done) => progress.push(done) });
  return { clock, timer, progress, time };
}

describe('timeTiles', () => {
  it('takes the fastest tile of each product', async () => {
    const fast: Record<string, TileName> = { [first]: '128x64w', [second]: '64x64', [third]: '64x32' };
    const { timer, time, progress } = bench((tile, { key }) => (tile === fast[key] ? 1 : 2));
    expect(Object.fromEntries(await time())).toEqual(fast);
    expect(timer.prepared).toEqual([first, second, third]);
    expect(timer.disposed).toBe(3);
    expect(progress).toEqual([1, 2, 3]);
  });

  it.each([
    [1.029, '64x64'],
    [1.031, '128x64'],
  ] as const)('takes another only if the usual one takes 3 %% longer: %d', async (ratio, taken) => {
    const { time } = bench((tile) => (tile === '128x64' ? 1 : tile === '64x64' ? ratio : 5));
    expect((await time()).get(first)).toBe(taken);
  });

  it('counts the least time of each: a run that is disturbed is no loss, nor is a slow first run', async () => {
    const disturbed = bench((tile, _, run) => (tile === '64x32' ? 1 : 2) * (run % 3 === 0 ? 50 : 1));
    expect((await disturbed.time()).get(first)).toBe('64x32');
    let runs = 0;
    const cold = bench((tile) => (tile === '64x32' ? (runs++ === 0 ? 500 : 1) : 2));
    expect((await cold.time()).get(first)).toBe('64x32');
  });

  it('runs short products many times at once', async () => {
    const { timer, time } = bench((tile) => (tile === '32x32' ? 0.004 : 0.008));
    expect((await time()).get(first)).toBe('32x32');
    expect(timer.clock.now()).toBeGreaterThan(3 * 5 * 3);
  });

  it('ends when the time is over, and says nothing of what was not timed', async () => {
    const { clock, timer, time } = bench((tile) => (tile === '64x32' ? 50 : 100), { budgetMs: 3000 });
    const chosen = await time();
    expect([...chosen.keys()]).toEqual([first]);
    expect(clock.now()).toBeLessThan(3000 + 101);
    expect(timer.disposed).toBe(timer.prepared.length);
    expect(clock.waiting).toBe(0);
  });

  it('ends even if a device never answers', async () => {
    const clock = new HandClock();
    const timer = {
      prepare: () =>
        Promise.resolve({ tiles: ['64x64', '32x32'] as const, run: never, dispose: () => (disposed = true) }),
    };
    let disposed = false;
    const chosen = timeTiles({ products, limits: GUARANTEED, timer, clock, budgetMs: 1000, progress: () => undefined });
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    clock.pass(1000);
    expect([(await chosen).size, disposed]).toEqual([0, true]);
  });

  it('gives back what a compiler brings too late', async () => {
    const clock = new HandClock();
    let bring: (made: { tiles: readonly TileName[]; run: () => Promise<number>; dispose: () => void }) => void = () =>
      undefined;
    let disposed = false;
    const timer = { prepare: () => new Promise<Parameters<typeof bring>[0]>((resolve) => (bring = resolve)) };
    const chosen = timeTiles({ products, limits: GUARANTEED, timer, clock, budgetMs: 1000, progress: () => undefined });
    clock.pass(1000);
    expect((await chosen).size).toBe(0);
    bring({ tiles: [], run: never, dispose: () => (disposed = true) });
    await new Promise((resolve) => setImmediate(resolve));
    expect(disposed).toBe(true);
  });

  it('leaves out a tile that the device refuses, and a product that it has no memory for', async () => {
    const refusing = bench((tile) => (tile === '64x32' ? 1 : tile === '32x32' ? 1.5 : 2));
    refusing.timer.refused = ['64x32'];
    expect((await refusing.time()).get(first)).toBe('32x32');
    const full = bench(() => 1);
    const prepare = full.timer.prepare.bind(full.timer);
    full.timer.prepare = (product, tiles) =>
      product.key === second ? Promise.reject(new Error('no memory')) : prepare(product, tiles);
    expect([...(await full.time()).keys()]).toEqual([first, third]);
  });

  it('chooses the same for the same times', async () => {
    const times = (tile: TileName, { key }: TunedProduct) =>
      1 + ((tile.length * 7 + key.length * 3 + tile.charCodeAt(0)) % 5);
    expect(await bench(times).time()).toEqual(await bench(times).time());
  });
});

function never(): Promise<number> {
  return new Promise(() => undefined);
}
