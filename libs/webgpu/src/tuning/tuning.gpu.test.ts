import { ganTask, tinyPresets } from '@gradcast/gan';
import { compileStep } from '@gradcast/plan';
import { describe, expect, it } from 'vitest';
import { createPlanEngine } from '../engine.ts';
import { testContext } from '../for-tests/device.ts';
import { deviceTimer } from './device-timer.ts';
import { deviceTuner } from './device-tuner.ts';
import { productsOf } from './product.ts';
import { memoryStore } from '../for-tests/fake-timer.ts';
import { createTuner } from './tuner.ts';

const context = await testContext();
const task = ganTask(tinyPresets.softmax);
const adapter = { device: 'software:test', features: '' };

describe.skipIf(!context)(`tuning on a device${context ? '' : ' (skipped: WebGPU found no graphics adapter)'}`, () => {
  it('times two products, once', async () => {
    const { device } = context!;
    const plan = compileStep(task, task.stepGraph!(16));
    const launches = productsOf(plan)
      .slice(0, 2)
      .map(({ launch }) => launch);
    const said: string[] = [];
    const store = memoryStore();
    const tuner = createTuner({
      adapter,
      limits: device.limits,
      store,
      timer: deviceTimer(() => device),
      clock: { now: () => performance.now(), after: () => () => undefined },
      date: () => Date.now(),
      // A software renderer compiles for seconds.
      budgetMs: 110_000,
      tell: (sentence) => void said.push(sentence),
    });
    const { text } = await tuner.choose({ ...plan, launches });
    expect(said.at(-1)).toMatch(/^tuning: timed 2 of 2 products in /);
    const [kept] = store.kept.values();
    const { products } = JSON.parse(kept) as { products: Record<string, { timed: boolean }> };
    expect(Object.values(products).map(({ timed }) => timed)).toEqual([true, true]);
    const sentences = said.length;
    expect((await tuner.choose({ ...plan, launches })).text).toBe(text);
    expect(said.length).toBe(sentences);
  });

  it('is left alone on a processor that plays a GPU, unless it is asked for', () => {
    const keeper = { context: context!, tell: () => undefined };
    const settings = { store: memoryStore(), started: 0 };
    const modes = (['once', 'again', 'never'] as const).map((mode) =>
      (['software', 'hardware'] as const).map(
        (kind) => deviceTuner(keeper, { ...adapter, kind }, { ...settings, mode }) !== undefined,
      ),
    );
    expect(modes).toEqual([
      [false, true],
      [true, true],
      [false, false],
    ]);
  });

  it('is done when an engine is made ready, and not without a tuner', async () => {
    const asked: number[] = [];
    const tuner = {
      choose: ({ samples }: { samples: number }) => {
        asked.push(samples);
        return Promise.resolve({ chooseTile: () => undefined, text: 'a choice' });
      },
    };
    const engine = createPlanEngine(task, context!, { tuner });
    expect([await engine.prepare(17), asked]).toEqual(['a choice', [17]]);
    engine.dispose();
    const plain = createPlanEngine(task, context!);
    expect(await plain.prepare(17)).toBeUndefined();
    plain.dispose();
  });
});
