/** The order in which leaves are asked for, submitted and waited for; what a device adds is in `device-sum.gpu.test.ts`. */
import type { MicroBatch, SubtreeLeaves } from '@gradcast/task';
import { describe, expect, it } from 'vitest';
import type { DevicePlan } from './device-plan.ts';
import type { DeviceSum } from './device-sum.ts';
import { runSubtree, subtreeCounts } from './subtree.ts';

/** A plan whose device finishes what it was given when a test says so. */
class Bench {
  readonly log: string[] = [];
  readonly #finishing: { resolve: () => void; reject: (error: Error) => void }[] = [];
  failsAt: number | undefined;
  stopsAt = Infinity;
  ahead = true;
  readonly count = 4;

  get run(): Promise<Float32Array | undefined> {
    const plan = {
      submit: (batch: MicroBatch, encodeBehind: (encoder: unknown) => void) => {
        this.log.push(`submit ${batch.size}`);
        encodeBehind(undefined);
      },
      encodeReadBack: (_: unknown, from: unknown) => this.log.push(`read back ${String(from)}`),
      finished: () =>
        new Promise<void>((resolve, reject) => {
          this.#finishing.push({ resolve, reject });
        }),
      read: () => {
        this.log.push('read');
        return Promise.resolve(Float32Array.of(7));
      },
    };
    const sum = { encode: (_: unknown, leaf: number) => this.log.push(`add ${leaf}`), total: 'total' };
    const leaves: SubtreeLeaves = {
      count: this.count,
      size: 1,
      ahead: this.ahead,
      next: (leaf) => {
        this.log.push(`next ${leaf}`);
        return Promise.resolve(leaf >= this.stopsAt ? undefined : { size: leaf, fields: {} });
      },
      computed: (leaf) => this.log.push(`computed ${leaf}`),
    };
    const requireBatch = ({ size }: MicroBatch) => {
      if (size === this.failsAt) throw new RangeError('of another length');
    };
    return runSubtree({ plan: plan as unknown as DevicePlan, sum: sum as unknown as DeviceSum, leaves, requireBatch });
  }

  /** All that happens until the device is waited for. */
  async settled(): Promise<string[]> {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    return this.log.splice(0);
  }

  /** The device has done the oldest leaf it was given. */
  finish(): void {
    this.#finishing.shift()!.resolve();
  }

  fail(): void {
    this.#finishing.shift()!.reject(new Error('lost'));
  }
}

describe('runSubtree', () => {
  it('submits a leaf while the one before computes, and no more', async () => {
    const bench = new Bench();
    const running = bench.run;
    expect(await bench.settled()).toEqual(['next 0', 'submit 0', 'add 0', 'next 1', 'submit 1', 'add 1']);
    bench.finish();
    expect(await bench.settled()).toEqual(['computed 0', 'next 2', 'submit 2', 'add 2']);
    bench.finish();
    expect(await bench.settled()).toEqual(['computed 1', 'next 3', 'submit 3', 'add 3', 'read back total']);
    bench.finish();
    expect(await bench.settled()).toEqual(['computed 2', 'read', 'computed 3']);
    expect(await running).toEqual(Float32Array.of(7));
  });

  it('waits for each leaf where nothing may be ahead', async () => {
    const bench = new Bench();
    bench.ahead = false;
    const running = bench.run;
    for (let leaf = 0; leaf < 3; leaf++) {
      const before = leaf === 0 ? [] : [`computed ${leaf - 1}`];
      expect(await bench.settled()).toEqual([...before, `next ${leaf}`, `submit ${leaf}`, `add ${leaf}`]);
      bench.finish();
    }
    const end = ['computed 2', 'next 3', 'submit 3', 'add 3', 'read back total', 'read', 'computed 3'];
    expect(await bench.settled()).toEqual(end);
    await running;
  });

  it('ends at a leaf that is not wanted, without waiting for what computes', async () => {
    const bench = new Bench();
    bench.stopsAt = 1;
    expect(await bench.run).toBeUndefined();
    bench.finish();
    expect(await bench.settled()).toEqual(['next 0', 'submit 0', 'add 0', 'next 1']);
  });

  it('fails with a micro-batch that does not fit', async () => {
    const bench = new Bench();
    bench.failsAt = 1;
    await expect(bench.run).rejects.toThrow('of another length');
  });

  it('fails with the device, once and for all to see', async () => {
    const bench = new Bench();
    const running = bench.run;
    const failed = expect(running).rejects.toThrow('lost');
    await bench.settled();
    bench.fail();
    await failed;
    // Nobody waits for it any more, and nobody is told.
    bench.fail();
    expect(await bench.settled()).toEqual([]);
  });
});

describe('subtreeCounts', () => {
  it('has one read-back for all leaves', () => {
    const one = { dispatches: 53, uploads: 1, submits: 1, readBacks: 1 };
    expect(subtreeCounts(one, 1)).toEqual(one);
    expect(subtreeCounts(one, 8)).toEqual({ dispatches: 8 * 53 + 7, uploads: 8, submits: 8, readBacks: 1 });
  });
});
