/** Leases on an engine that adds leaves by itself: the same answers as by one that does not. */
import type { CodecName } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { FakeAddingEngine } from './fake-engine.ts';
import { TrainerHarness, frames, leafOf, preset, truth } from './trainer-harness.ts';

interface Bench {
  readonly bench: TrainerHarness;
  readonly engine: () => FakeAddingEngine;
}

function addingBench(prepare: (engine: FakeAddingEngine) => void = () => undefined): Bench {
  const bench = new TrainerHarness();
  let engine: FakeAddingEngine | undefined;
  bench.makeEngine = (task) => {
    engine = new FakeAddingEngine(task);
    prepare(engine);
    return engine;
  };
  return { bench, engine: () => engine! };
}

async function joined(prepare?: (engine: FakeAddingEngine) => void): Promise<Bench> {
  const made = addingBench(prepare);
  await made.bench.join();
  return made;
}

/** Messages and payloads of the results. */
const resultsOf = (bench: TrainerHarness) =>
  bench.of('result').map(({ message, payload }) => ({ message, payload: payload.slice() }));

async function plainResults(first: number, count: number) {
  const bench = new TrainerHarness();
  await bench.join();
  await bench.deliver(frames.lease(0, first, count));
  return resultsOf(bench);
}

describe('a lease on an engine that adds', () => {
  it('has the results of one that does not, one call for each subtree', async () => {
    for (let first = 0; first < 8; first++) {
      for (let count = 1; first + count <= 8; count++) {
        const { bench, engine } = await joined();
        await bench.deliver(frames.lease(0, first, count));
        const results = resultsOf(bench);
        expect(results).toEqual(await plainResults(first, count));
        const sizes = results.map(({ message }) => message.subtree.size);
        expect(engine().subtrees).toEqual(sizes.filter((size) => size > 1));
        expect(engine().batches).toEqual(Array.from({ length: count }, (_, i) => leafOf(0, first + i)));
        expect(engine().loads).toBe(1);
      }
    }
  });

  it.each(['f16', 'bf16', 'int8'] satisfies CodecName[])('is added by the host in codec %s', async (codec) => {
    const results = [];
    for (const bench of [addingBench().bench, new TrainerHarness()]) {
      await bench.deliver(frames.welcome({ codec }), frames.snapshot(truth()), frames.lease(0, 4, 4));
      results.push(resultsOf(bench));
      if (bench.engine instanceof FakeAddingEngine) expect(bench.engine.subtrees).toEqual([]);
    }
    expect(results[0]).toEqual(results[1]);
    expect(results[0]).toHaveLength(1);
  });

  it.each(['first', 'last'] as const)('has them also where the engine refuses, %s', async (refuses) => {
    const { bench, engine } = await joined((made) => (made.refuses = refuses));
    engine().during = () => (bench.clock += 10);
    await bench.deliver(frames.lease(0, 0, 4), frames.lease(0, 4, 4, { lease: 2 }));
    const twice = refuses === 'last';
    const expected = [await plainResults(0, 4), await plainResults(4, 4)].flat();
    expect(resultsOf(bench).map(({ payload }) => payload)).toEqual(expected.map(({ payload }) => payload));
    expect(bench.of('result').map(({ message }) => message.computeMs)).toEqual(twice ? [80, 80] : [40, 40]);
    // What was computed twice took its time twice, and its images count once.
    const once = Array.from({ length: 4 }, () => [10, preset.microBatch]);
    const again = Array.from({ length: 4 }, () => [10, 0]);
    const ofLease = twice ? [...once, ...again] : once;
    expect(bench.measured).toEqual([...ofLease, ...ofLease]);
  });

  it('is stopped by an average that makes it worthless, at the next micro-batch', async () => {
    const { bench, engine } = await joined();
    let turns = 0;
    const later: Promise<void>[] = [];
    bench.atYield = () => {
      if (++turns === 3) later.push(bench.trainer.receive(frames.average(0)));
    };
    await bench.deliver(frames.lease(0, 0, 8));
    await Promise.all(later);
    // The second was on its way to the device before the first was done.
    expect(engine().batches).toEqual([leafOf(0, 0), leafOf(0, 1)]);
    expect(bench.sent.map(({ message }) => message.type)).toEqual(['applied']);
    await bench.deliver(frames.lease(1, 0, 2));
    expect(bench.of('result')).toHaveLength(1);
    expect(engine().loads).toBe(2);
  });

  it('is not begun when it is worthless before its first micro-batch', async () => {
    const { bench, engine } = await joined();
    const later: Promise<void>[] = [];
    bench.atYield = () => {
      if (later.length === 0) later.push(bench.trainer.receive(frames.average(0)));
    };
    await bench.deliver(frames.lease(0, 0, 4));
    await Promise.all(later);
    expect([engine().subtrees, engine().loads, bench.of('result')]).toEqual([[], 0, []]);
  });

  it.each([1, 2, 3, 4])('leaves nothing to send when the connection goes in micro-batch %i', async (turn) => {
    const { bench, engine } = await joined();
    engine().during = (gradients) => {
      if (gradients === turn) bench.trainer.disconnected();
    };
    await bench.deliver(frames.lease(0, 0, 4));
    expect(bench.sent).toEqual([]);
    expect(engine().batches.length).toBeLessThanOrEqual(turn + 1);
  });

  it('may end with its engine', async () => {
    const { bench, engine } = await joined();
    bench.atYield = () => {
      if (engine().batches.length === 1) bench.trainer.dispose();
    };
    await bench.deliver(frames.lease(0, 0, 4));
    expect([bench.sent, engine().batches.length, engine().disposed]).toEqual([[], 1, true]);
  });

  it('tells what each micro-batch took, and no pause in which nothing was computed', async () => {
    const { bench, engine } = await joined();
    engine().during = () => (bench.clock += 40);
    bench.rests = true;
    bench.atYield = () => (bench.clock += 5);
    await bench.deliver(frames.lease(0, 0, 4));
    expect(bench.measured).toEqual(Array.from({ length: 4 }, () => [40, preset.microBatch]));
    expect(bench.of('result')[0].message.computeMs).toBe(160);
  });

  it('is one micro-batch ahead, but not where pauses are rests', async () => {
    for (const rests of [false, true]) {
      const { bench, engine } = await joined();
      bench.rests = rests;
      let computed = 0;
      const ahead: number[] = [];
      engine().during = () => (computed += 1);
      bench.atYield = () => ahead.push(engine().batches.length - computed);
      await bench.deliver(frames.lease(0, 0, 4));
      expect(ahead).toEqual(rests ? [0, 0, 0, 0] : [0, 1, 1, 1]);
      expect(resultsOf(bench)).toEqual(await plainResults(0, 4));
    }
  });
});
