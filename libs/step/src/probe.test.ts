import { ganTask, tinyPresets } from '@gradcast/gan';
import { probeBatch } from '@gradcast/task';
import type { GradientEngine, MicroBatch } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import { takeProbe } from './probe.ts';

const model = ganTask(tinyPresets.sigmoid);
const sha256 = (bytes: Uint8Array) => bytes.slice(0, 8).join('-');

/** An engine whose gradient says how often it was asked, if it is not `steady`. */
function engineOf(steady: boolean) {
  const seen: { parameters: Float32Array; batches: MicroBatch[] } = { parameters: new Float32Array(), batches: [] };
  const engine: Pick<GradientEngine, 'load' | 'gradient'> = {
    load: (parameters) => (seen.parameters = parameters.slice()),
    gradient: (batch, into) => {
      seen.batches.push(batch);
      into.fill(steady ? 1 : seen.batches.length);
      return Promise.resolve();
    },
  };
  return { seen, engine: engine as GradientEngine };
}

function probe(engine: GradientEngine, turns: number) {
  let clock = 0;
  return takeProbe(engine, { task: model, seed: 5, turns, sha256, now: () => (clock += 10) });
}

describe("the run's probe", () => {
  it('is computed at the initial parameters, from the same micro-batch each turn', async () => {
    const { seen, engine } = engineOf(true);
    const { hash, ms } = await probe(engine, 2);
    expect(seen.parameters).toEqual(model.initialParameters(5));
    expect(seen.batches).toEqual([probeBatch(model, 5), probeBatch(model, 5)]);
    expect(hash).toBe(sha256(new Uint8Array(new Float32Array([1, 1]).buffer)));
    expect(ms).toBe(10);
  });

  it('has no hash where two turns differ', async () => {
    expect((await probe(engineOf(false).engine, 2)).hash).toBeUndefined();
    expect((await probe(engineOf(false).engine, 1)).hash).toBeDefined();
  });

  it('differs between seeds', () => {
    expect(probeBatch(model, 5).fields).not.toEqual(probeBatch(model, 6).fields);
  });
});
