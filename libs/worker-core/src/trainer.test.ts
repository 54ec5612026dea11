import { tinyPresets } from '@gradcast/gan';
import { encodeFrame } from '@gradcast/protocol';
import { referenceKernels as kernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import { linearGradient } from './fake-engine.ts';
import { probeBatch } from '@gradcast/task';
import { averageOf, TrainerHarness, frames, model, SCALARS, truth, truthAfter } from './trainer-harness.ts';

describe('a welcome', () => {
  it('is answered with the probe of the run, computed twice, and the time of the second', async () => {
    const bench = new TrainerHarness();
    bench.prepare = (engine) => (engine.during = (gradients) => (bench.clock += gradients === 1 ? 400 : 30));
    await bench.deliver(frames.welcome());
    const wanted = linearGradient(model, model.initialParameters(5), probeBatch(model, 5));
    const hash = kernels.fingerprint([wanted]);
    expect(bench.sent.map(({ message }) => message)).toEqual([
      { type: 'ready', incarnation: 3, probe: hash + hash, probeMs: 30 },
    ]);
    expect(bench.engine.batches).toHaveLength(2);
  });

  it('makes the engine ready for the size of the run, and tells in short what that chose', async () => {
    const bench = new TrainerHarness();
    bench.prepare = (engine) => (engine.choices = 'forward 64 x 1: 128x64');
    await bench.deliver(frames.welcome({ microBatchSize: 4 }));
    expect(bench.engine.prepared).toEqual([4]);
    const [{ message }] = bench.of('ready');
    expect(message.tuning).toMatch(/^[0-9a-f]{16}$/);
    // The same choices after a reconnection, without another look.
    bench.trainer.disconnected();
    await bench.deliver(frames.welcome({ microBatchSize: 4 }));
    expect(bench.of('ready')[1].message).toEqual(message);
    expect(bench.engine.prepared).toEqual([4]);
  });

  it('says nothing if the connection goes while the engine is made ready, and answers the next', async () => {
    const bench = new TrainerHarness();
    bench.prepare = (engine) => (engine.whilePrepared = () => bench.trainer.disconnected());
    await bench.deliver(frames.welcome());
    expect(bench.sent).toEqual([]);
    await bench.deliver(frames.welcome());
    expect(bench.of('ready')).toHaveLength(1);
  });

  it('is refused by a device that gives two gradients for one micro-batch', async () => {
    const bench = new TrainerHarness();
    bench.prepare = (engine) => (engine.error = (gradients) => gradients);
    await expect(bench.deliver(frames.welcome())).rejects.toMatchObject({ code: 'probe-unstable' });
    expect(bench.sent).toEqual([]);
  });

  it('is refused if the preset is unknown', async () => {
    const bench = new TrainerHarness();
    await expect(bench.deliver(frames.welcome({ preset: 'other' }))).rejects.toMatchObject({ code: 'preset-unknown' });
  });

  it('of the same run after a reconnection keeps engine and probe', async () => {
    const bench = new TrainerHarness();
    await bench.deliver(frames.welcome());
    bench.trainer.disconnected();
    await bench.deliver(frames.welcome({ incarnation: 4 }));
    const [first, second] = bench.of('ready');
    expect(second.message).toEqual({ ...first.message, incarnation: 4 });
    expect(bench.engines).toHaveLength(1);
    expect(bench.engine.batches).toHaveLength(2);
  });

  it.each<[string, Parameters<typeof frames.welcome>[0]]>([
    ['preset', { preset: tinyPresets.sigmoid.name, microBatchSize: 16 }],
    ['seed', { seed: 6 }],
    ['micro-batch size', { microBatchSize: 4 }],
  ])('with another %s replaces the engine and disposes of the old one', async (_, change) => {
    const bench = new TrainerHarness();
    await bench.deliver(frames.welcome(), frames.welcome(change));
    expect(bench.engines.map(({ disposed }) => disposed)).toEqual([true, false]);
    const [first, second] = bench.of('ready');
    expect(second.message.probe).not.toBe(first.message.probe);
  });

  it('says nothing if the connection goes while the probe runs, and answers the next', async () => {
    const bench = new TrainerHarness();
    bench.prepare = (engine) =>
      (engine.during = (count) => {
        if (count === 1) bench.trainer.disconnected();
      });
    await bench.deliver(frames.welcome());
    expect(bench.sent).toEqual([]);
    await bench.deliver(frames.welcome());
    expect(bench.of('ready')).toHaveLength(1);
  });

  it('with a payload is refused', async () => {
    const { buffer } = frames.welcome();
    const longer = new Uint8Array([...new Uint8Array(buffer), 0, 0, 0, 0, 0, 0, 0, 0]);
    await expect(new TrainerHarness().deliver(longer)).rejects.toMatchObject({ code: 'payload-length' });
  });
});

describe('a snapshot', () => {
  it('is answered with the version it brought', async () => {
    const bench = new TrainerHarness();
    await bench.deliver(frames.welcome(), frames.snapshot(truth(9)));
    expect(bench.of('applied').map(({ message }) => message.version)).toEqual([9]);
  });

  it('that does not have its own fingerprint is asked for again, and no lease is worked on until then', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    const wrong = 'ab'.repeat(16);
    await bench.deliver(frames.snapshot(truth(2), { fingerprint: wrong }), frames.lease(2, 0, 2));
    expect(bench.sent.map(({ message }) => message)).toMatchObject([
      { type: 'resync', version: 2, fingerprint: truth().fingerprint },
    ]);
    await bench.deliver(frames.snapshot(truth(2)), frames.lease(2, 0, 2));
    expect(bench.of('result')).toHaveLength(1);
  });

  it('of another length is refused', async () => {
    const bench = new TrainerHarness();
    await bench.deliver(frames.welcome());
    const short = encodeFrame({ type: 'snapshot', incarnation: 3, version: 0, fingerprint: truth().fingerprint }, [
      truth().vectors.parameters,
    ]);
    await expect(bench.deliver(short)).rejects.toMatchObject({ code: 'payload-length' });
  });
});

describe('an average', () => {
  it('is applied as the coordinator applies it', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    await bench.deliver(frames.average(0), frames.average(1), frames.lease(2, 0, 1));
    expect(bench.of('applied').map(({ message }) => message.version)).toEqual([1, 2]);
    expect(bench.of('result')[0].message.fingerprint).toBe(truthAfter(2).fingerprint);
  });

  it('of a skipped step only counts', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    await bench.deliver(frames.skipped(0), frames.lease(1, 0, 1));
    const [{ message }] = bench.of('result');
    expect(message).toMatchObject({ version: 1, fingerprint: truth().fingerprint });
  });

  it('at another version asks for a snapshot once and is not applied', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    await bench.deliver(frames.average(1), frames.average(2), frames.lease(3, 0, 1));
    expect(bench.sent.map(({ message }) => message)).toMatchObject([
      { type: 'resync', version: 0, fingerprint: truth().fingerprint },
    ]);
    await bench.deliver(frames.snapshot(truthAfter(3)), frames.lease(3, 0, 1));
    expect(bench.of('result')[0].message.fingerprint).toBe(truthAfter(3).fingerprint);
  });

  it('stops a lease that it makes worthless at the next micro-batch', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    let turns = 0;
    const later: Promise<void>[] = [];
    bench.atYield = () => {
      if (++turns === 3) later.push(bench.trainer.receive(frames.average(0)));
    };
    await bench.deliver(frames.lease(0, 0, 8));
    await Promise.all(later);
    expect(bench.engine.batches).toHaveLength(2);
    expect(bench.sent.map(({ message }) => message.type)).toEqual(['applied']);
    await bench.deliver(frames.lease(1, 0, 1));
    expect(bench.of('result')).toHaveLength(1);
  });

  it('keeps results of subtrees that were finished before it came', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    let turns = 0;
    bench.atYield = () => {
      if (++turns === 3) void bench.trainer.receive(frames.average(0));
    };
    await bench.deliver(frames.lease(0, 1, 3));
    expect(bench.of('result').map(({ message }) => message.subtree)).toEqual([{ start: 1, size: 1 }]);
  });

  it('of another length is refused', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    const short = encodeFrame({ type: 'average', incarnation: 3, version: 0, scalars: SCALARS }, [
      averageOf(0).subarray(16),
    ]);
    await expect(bench.deliver(short)).rejects.toMatchObject({ code: 'payload-length' });
  });
});

describe('a lost connection', () => {
  it.each([1, 2, 3, 4])('in micro-batch %i of a lease leaves nothing to send', async (turn) => {
    const bench = new TrainerHarness();
    await bench.join();
    bench.engine.during = (gradients) => {
      if (gradients === turn) bench.trainer.disconnected();
    };
    await bench.deliver(frames.lease(0, 0, 4));
    expect(bench.sent).toEqual([]);
    expect(bench.engine.batches).toHaveLength(turn);
  });

  it('forgets what was queued and the replica', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    bench.atYield = () => bench.trainer.disconnected();
    await bench.deliver(frames.lease(0, 0, 1), frames.average(0), frames.lease(1, 0, 1));
    await bench.deliver(frames.average(0), frames.lease(0, 0, 1));
    expect(bench.sent).toEqual([]);
  });

  it('does not let leases that waited come back in the next session', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    await bench.deliver(frames.lease(1, 0, 1, { lease: 8 }));
    bench.trainer.disconnected();
    await bench.join();
    await bench.deliver(frames.average(0));
    expect(bench.of('result')).toEqual([]);
  });
});

describe('messages of another incarnation', () => {
  it('are dropped', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    const incarnation = 2;
    await bench.deliver(
      frames.snapshot(truth(4), { incarnation }),
      frames.average(0, { incarnation }),
      frames.lease(0, 0, 1, { incarnation }),
    );
    expect(bench.sent).toEqual([]);
  });

  it('do not stop a lease', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    bench.atYield = () => void bench.trainer.receive(frames.average(9, { incarnation: 2 }));
    await bench.deliver(frames.lease(0, 0, 4));
    expect(bench.of('result')).toHaveLength(1);
  });

  it('are all that come before a welcome', async () => {
    const bench = new TrainerHarness();
    await bench.deliver(frames.snapshot(truth()), frames.lease(0, 0, 1));
    expect([bench.sent, bench.engines]).toEqual([[], []]);
  });
});

describe('being idle', () => {
  it('is told once all that was asked for is done, and not before', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    const before = bench.idles;
    const idlesMeanwhile: number[] = [];
    bench.atYield = () => {
      idlesMeanwhile.push(bench.idles - before);
    };
    await bench.deliver(frames.lease(0, 0, 2), frames.lease(0, 4, 1));
    expect(idlesMeanwhile).toEqual([0, 0, 0]);
    expect(bench.idles - before).toBe(1);
  });

  it('is told though leases wait for a version to come', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    const before = bench.idles;
    await bench.deliver(frames.lease(1, 0, 1));
    expect([bench.idles - before, bench.of('result')]).toEqual([1, []]);
  });
});

describe('dispose', () => {
  it('frees the engine, even in the middle of a lease', async () => {
    const bench = new TrainerHarness();
    await bench.join();
    bench.atYield = () => {
      if (bench.engine.batches.length === 1) bench.trainer.dispose();
    };
    await bench.deliver(frames.lease(0, 0, 3));
    expect(bench.engine.disposed).toBe(true);
    expect([bench.sent, bench.engine.batches.length]).toEqual([[], 1]);
  });
});

describe('bytes that are no message', () => {
  it('are refused at once', () => {
    const bench = new TrainerHarness();
    expect(() => bench.trainer.receive(new Uint8Array(3))).toThrow(
      expect.objectContaining({ code: 'frame-malformed' }),
    );
    expect(() => bench.trainer.receive(encodeFrame({ type: 'hello' }))).toThrow(
      expect.objectContaining({ code: 'message-invalid' }),
    );
  });
});
