import type { TileName } from '@gradcast/plan';
import { describe, expect, it } from 'vitest';
import { dense, FakeTimer, GUARANTEED, HandClock, memoryStore, planOf } from '../for-tests/fake-timer.ts';
import { recordKey } from './record.ts';
import type { TuningStore } from './store.ts';
import { createTuner } from './tuner.ts';
import type { TunerOptions } from './tuner.ts';

const adapter = { device: 'gpu:arc', features: 'driver=1' };
const [large, small] = [dense(1024, 512, 512), dense(1024, 64, 512)];
const plan = planOf(large, small);

function bench(store: TuningStore = memoryStore(), more: Partial<TunerOptions> = {}, fast: TileName = '128x64') {
  const clock = new HandClock();
  const timer = new FakeTimer(clock, (tile, { launch }) =>
    tile === fast && launch.convolution.channels === 512 ? 1 : 2,
  );
  const said: string[] = [];
  const tell = (sentence: string) => said.push(sentence);
  const options = { adapter, limits: GUARANTEED, store, timer, clock, date: () => 1000 + clock.now(), tell };
  return { clock, timer, said, tuner: createTuner({ ...options, ...more }) };
}

describe('createTuner', () => {
  it('times the products of a plan, tells it and gives the tiles', async () => {
    const { tuner, said } = bench();
    const { chooseTile, text } = await tuner.choose(plan);
    expect([chooseTile(large), chooseTile(small), chooseTile(dense(7, 64, 64))]).toEqual([
      '128x64',
      undefined,
      undefined,
    ]);
    expect(text).toBe('forward 1024 x 1x1x512 1x1x512 k1 s1 p0,0: 128x64');
    expect(said).toEqual([
      'tuning: timing tiles of 2 products on gpu:arc, for at most 10 s',
      expect.stringMatching(/^tuning: timed 2 of 2 products in \d\.\d s; 1 is faster with other tiles$/),
    ]);
  });

  it('says how far it is where that takes long', async () => {
    const launches = Array.from({ length: 9 }, (_, index) => dense(1024, 512 + index, 512));
    const { tuner, said, timer } = bench();
    timer.prepareMs = 900;
    await tuner.choose(planOf(...launches));
    expect(said.slice(1, -1)).toEqual(['tuning: timed 3 of 9 products', 'tuning: timed 6 of 9 products']);
  });

  it('times nothing that is kept, and tells nothing of it', async () => {
    const store = memoryStore();
    const before = await bench(store).tuner.choose(plan);
    const { tuner, timer, said } = bench(store, {}, '32x32');
    const after = await tuner.choose(plan);
    expect([timer.prepared, said, after.text]).toEqual([[], [], before.text]);
  });

  it('times what is new, and keeps the rest', async () => {
    const store = memoryStore();
    await bench(store).tuner.choose(planOf(large));
    const { tuner, timer } = bench(store, {}, '32x32');
    const { chooseTile } = await tuner.choose(plan);
    expect(timer.prepared.length).toBe(1);
    expect(chooseTile(large)).toBe('128x64');
  });

  it('times anew what was timed before a start, once', async () => {
    const store = memoryStore();
    await bench(store).tuner.choose(plan);
    const again = bench(store, { notBefore: 5000, date: () => 6000 }, '32x32');
    expect((await again.tuner.choose(plan)).chooseTile(large)).toBe('32x32');
    await again.tuner.choose(plan);
    expect(again.timer.prepared.length).toBe(2);
    // Another worker of the same start.
    const other = bench(store, { notBefore: 5000 }, '64x32');
    expect((await other.tuner.choose(plan)).chooseTile(large)).toBe('32x32');
    expect(other.timer.prepared).toEqual([]);
  });

  it('keeps the usual tile for what the time was over for, and does not time it the next time', async () => {
    const store = memoryStore();
    const short = bench(store, { budgetMs: 600 });
    short.timer.prepareMs = 300;
    const { chooseTile } = await short.tuner.choose(plan);
    expect([chooseTile(large), chooseTile(small)]).toEqual(['128x64', undefined]);
    const next = bench(store);
    await next.tuner.choose(plan);
    expect(next.timer.prepared).toEqual([]);
  });

  it('does not try again on a device too slow for any of them', async () => {
    const store = memoryStore();
    const slow = bench(store, { budgetMs: 600 });
    slow.timer.prepareMs = 700;
    expect((await slow.tuner.choose(plan)).text).toBeUndefined();
    const next = bench(store);
    await next.tuner.choose(plan);
    expect(next.timer.prepared).toEqual([]);
  });

  it('lets one time while the others wait, who then choose alike', async () => {
    const store = memoryStore();
    let last: Promise<unknown> = Promise.resolve();
    store.exclusively = async (_, work) => {
      const turn = last.then(work);
      last = turn;
      return turn;
    };
    const workers = (['128x64', '32x32', '64x32'] as const).map((fast) => bench(store, {}, fast));
    const texts = await Promise.all(workers.map(async ({ tuner }) => (await tuner.choose(plan)).text));
    expect(new Set(texts).size).toBe(1);
    expect(workers.map(({ timer }) => timer.prepared.length)).toEqual([2, 0, 0]);
  });

  it('has the usual tiles where a device or a store fails, and keeps nothing of it', async () => {
    const store = memoryStore();
    const failing = bench(store);
    failing.timer.prepare = () => Promise.reject(new Error('the GPU is gone'));
    expect((await failing.tuner.choose(plan)).text).toBeUndefined();
    expect(store.kept.size).toBe(0);
    store.exclusively = () => Promise.reject(new Error('no lock'));
    expect((await bench(store).tuner.choose(plan)).text).toBeUndefined();
  });

  it('waits two seconds for a store that does not answer', async () => {
    const store = { ...memoryStore(), read: () => new Promise<undefined>(() => undefined) };
    const { tuner, clock } = bench(store);
    const choice = tuner.choose(plan);
    for (let wait = 0; wait < 2; wait++) {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      clock.pass(2000);
    }
    expect((await choice).chooseTile(large)).toBe('128x64');
  });

  it('takes a damaged record for none and writes it anew', async () => {
    const store = memoryStore();
    store.kept.set(recordKey(adapter), '{"plan":1,');
    const { tuner } = bench(store);
    expect((await tuner.choose(plan)).chooseTile(large)).toBe('128x64');
    expect(store.kept.get(recordKey(adapter))).toContain('"128x64"');
  });
});
