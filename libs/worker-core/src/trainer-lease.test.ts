import type { Replica } from '@gradcast/optimizer';
import { createCodec, gradientTree } from '@gradcast/reduction';
import { referenceKernels as kernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import { linearGradient } from './fake-engine.ts';
import { TrainerHarness, frames, leafOf, model, preset, truth, truthAfter } from './trainer-harness.ts';

/** Sum of leaves `[start, start + size)` of a step, each node the sum of its halves. */
function plainTree(replica: Replica, start: number, size: number): Float32Array {
  if (size === 1) return linearGradient(model, replica.vectors.parameters, leafOf(replica.version, start));
  const left = plainTree(replica, start, size / 2);
  kernels.add(left, plainTree(replica, start + size / 2, size / 2));
  return left;
}

const floats = ({ buffer, byteOffset, byteLength }: Uint8Array) => new Float32Array(buffer, byteOffset, byteLength / 4);

describe('a lease', () => {
  it('becomes one result for each of its subtrees, with the bits of the plain tree', async () => {
    for (let first = 0; first < 8; first++) {
      for (let count = 1; first + count <= 8; count++) {
        const bench = new TrainerHarness();
        await bench.join();
        await bench.deliver(frames.lease(0, first, count));
        const covered = bench.of('result').map(({ message, payload }) => {
          const { start, size } = message.subtree;
          expect(floats(payload), `${start}+${size}`).toEqual(plainTree(truth(), start, size));
          return size;
        });
        expect(covered.reduce((sum, size) => sum + size, 0)).toBe(count);
        expect(bench.engine.batches).toEqual(Array.from({ length: count }, (_, i) => leafOf(0, first + i)));
      }
    }
  });

  it.each(['f16', 'bf16', 'int8'] as const)('is summed in the codec of the run: %s', async (name) => {
    const bench = new TrainerHarness();
    await bench.deliver(frames.welcome({ codec: name }), frames.snapshot(truth()), frames.lease(0, 4, 4));
    const codec = createCodec(name, { layout: model, seed: 5, kernels });
    const tree = gradientTree({ start: 4, size: 4 }, { codec, step: 0 });
    for (let start = 4; start < 8; start++) {
      const node = new Uint8Array(codec.nodeBytes);
      codec.vectorFor(node).set(plainTree(truth(), start, 1));
      codec.encode(node, { step: 0, subtree: { start, size: 1 } });
      tree.add({ start, size: 1 }, node);
    }
    expect(bench.of('result').map(({ payload }) => payload)).toEqual([tree.total]);
  });

  it('of three leaves is two results that name lease, version and replica', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    await bench.deliver(frames.lease(0, 1, 3, { lease: 17 }));
    const common = { type: 'result', incarnation: 3, lease: 17, version: 0, fingerprint: truth().fingerprint };
    expect(bench.of('result').map(({ message }) => message)).toMatchObject([
      { ...common, subtree: { start: 1, size: 1 } },
      { ...common, subtree: { start: 2, size: 2 } },
    ]);
  });

  it('tells how long it waited, how long it took, and each micro-batch of it', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    bench.engine.during = () => (bench.clock += 40);
    bench.atYield = () => (bench.clock += 5);
    await bench.deliver(frames.lease(0, 0, 2), frames.lease(0, 2, 2));
    expect(bench.of('result').map(({ message: { queueMs, computeMs } }) => [queueMs, computeMs])).toEqual([
      [0, 80],
      // Two micro-batches of the first lease, each with its pause.
      [90, 80],
    ]);
    expect(bench.measured).toEqual(Array.from({ length: 4 }, () => [40, preset.microBatch]));
  });

  it('loads the parameters of a version once', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    await bench.deliver(frames.lease(0, 0, 3), frames.lease(0, 4, 2));
    await bench.deliver(frames.average(0), frames.lease(1, 0, 2));
    expect(bench.engine.loads).toBe(2);
  });

  it('for a version that is over is dropped', async () => {
    const bench = new TrainerHarness();
    await bench.join(truth(5));
    await bench.deliver(frames.lease(4, 0, 2));
    expect(bench.sent).toEqual([]);
    expect(bench.engine.batches).toEqual([]);
  });

  it('for a version to come waits for it', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    await bench.deliver(frames.lease(2, 0, 2), frames.average(0));
    expect(bench.of('result')).toEqual([]);
    await bench.deliver(frames.average(1));
    const [{ message, payload }] = bench.of('result');
    const later = truthAfter(2);
    expect(message).toMatchObject({ version: 2, fingerprint: later.fingerprint });
    expect(floats(payload)).toEqual(plainTree(later, 0, 2));
  });

  it('that arrives while the first micro-batch of another begins waits its turn', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    const arrived = [frames.lease(0, 4, 2, { lease: 2 })];
    const handled: Promise<void>[] = [];
    bench.atYield = () => handled.push(...arrived.splice(0).map((frame) => bench.trainer.receive(frame)));
    await bench.deliver(frames.lease(0, 0, 2));
    await Promise.all(handled);
    expect(bench.of('result').map(({ message }) => [message.lease, message.subtree])).toEqual([
      [1, { start: 0, size: 2 }],
      [2, { start: 4, size: 2 }],
    ]);
    expect(bench.idles).toBe(2);
  });

  it('that arrives at the very end of the work before it is not forgotten', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    const { length } = bench.sent;
    const late: Promise<void>[] = [];
    const first = bench.trainer.receive(frames.lease(0, 0, 1));
    for (let turn = 0; turn < 1000 && bench.sent.length === length; turn++) await Promise.resolve();
    // Somewhere between the last result and the end of the queue.
    for (let turn = 0; turn < 6; turn++) {
      late.push(bench.trainer.receive(frames.lease(0, turn + 1, 1, { lease: turn + 2 })));
      await Promise.resolve();
    }
    await Promise.all([first, ...late]);
    expect(bench.of('result').map(({ message }) => message.lease)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('before any snapshot is dropped', async () => {
    const bench = new TrainerHarness();
    await bench.deliver(frames.welcome(), frames.lease(0, 0, 1));
    expect(bench.of('result')).toEqual([]);
  });

  it('of another length is refused', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    await expect(bench.deliver(frames.lease(0, 0, 2, { count: 3 }))).rejects.toMatchObject({ code: 'payload-length' });
  });
});
