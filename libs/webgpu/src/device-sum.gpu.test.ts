/** Leaves that are added on a device have the bits of leaves that the host adds. */
import { ganTask, tinyPresets } from '@gradcast/gan';
import { compileStep } from '@gradcast/plan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { MicroBatch, SubtreeLeaves } from '@gradcast/task';
import { referenceKernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import { DeviceAdder } from './device-adder.ts';
import { createPlanEngine } from './engine.ts';
import type { PlanEngine } from './engine.ts';
import { testContext } from './for-tests/device.ts';
import { subtreeCounts } from './subtree.ts';
import { addKernel } from './wgsl/add.ts';

const context = await testContext();
const title = `sums on a device${context ? '' : ' (skipped: WebGPU found no graphics adapter)'}`;
const task = ganTask(tinyPresets.softmax);
const SAMPLES = 4;
const length = task.parameters.length + task.tail.length;

/** Parameters under which the margins of fakes are about so large. */
function parametersAt(margin: number): Float32Array {
  const parameters = formulaParameters(task);
  const bias = task.parameters.entries.findLast(({ name }) => name.endsWith('/bias'))!;
  if (margin !== 0) parameters[bias.offset + bias.size - 1] = margin;
  return parameters;
}

function engineOf(options: Parameters<typeof createPlanEngine>[2] = {}): PlanEngine {
  const engine = createPlanEngine(task, context!, options);
  engine.load(parametersAt(0));
  return engine;
}

/** Leaves by formula. */
function leavesOf(count: number, next?: (leaf: number) => MicroBatch | undefined): SubtreeLeaves & { done: number[] } {
  const done: number[] = [];
  return {
    done,
    count,
    size: SAMPLES,
    ahead: true,
    next: (leaf) => Promise.resolve(next ? next(leaf) : formulaMicroBatch(task, SAMPLES, leaf)),
    computed: (leaf) => done.push(leaf),
  };
}

async function hostSum(engine: PlanEngine, first: number, count: number): Promise<Float32Array> {
  const left = new Float32Array(length);
  if (count === 1) {
    await engine.gradient(formulaMicroBatch(task, SAMPLES, first), left);
    return left;
  }
  left.set(await hostSum(engine, first, count / 2));
  referenceKernels.add(left, await hostSum(engine, first + count / 2, count / 2));
  return left;
}

/** What a device is asked for from now on. */
function countCalls({ queue }: GPUDevice): { uploads: number; submits: number; readBacks: number } {
  const counts = { uploads: 0, submits: 0, readBacks: 0 };
  const [write, submit] = [queue.writeBuffer.bind(queue), queue.submit.bind(queue)];
  queue.writeBuffer = (...call: Parameters<typeof write>) => {
    counts.uploads += 1;
    write(...call);
  };
  queue.submit = (buffers) => {
    counts.submits += 1;
    submit(buffers);
  };
  const { device } = context!;
  const create = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    const encoder = create(descriptor);
    const copy = encoder.copyBufferToBuffer.bind(encoder) as (...call: unknown[]) => void;
    encoder.copyBufferToBuffer = (...call: unknown[]) => {
      // Memory that the host can see.
      if (((call[2] as GPUBuffer).usage & 1) !== 0) counts.readBacks += 1;
      copy(...call);
    };
    return encoder;
  };
  return counts;
}

describe.skipIf(!context)(title, () => {
  it('have the bits of the host, in one read-back for each subtree', async () => {
    const engine = engineOf();
    // Makes the plan, and tests the device.
    const pair = new Float32Array(length).fill(NaN);
    expect(await engine.subtree(leavesOf(2), pair)).toBe('summed');
    expect(pair).toEqual(await hostSum(engine, 0, 2));
    const eight = new Float32Array(length);
    expect(await engine.subtree(leavesOf(8), eight)).toBe('summed');
    expect(eight).toEqual(await hostSum(engine, 0, 8));
    const counts = countCalls(context!.device);
    const leaves = leavesOf(4);
    const sum = new Float32Array(length).fill(NaN);
    expect(await engine.subtree(leaves, sum)).toBe('summed');
    const { launches } = compileStep(task, task.stepGraph!(SAMPLES));
    const one = { dispatches: launches.length, uploads: 1, submits: 1, readBacks: 1 };
    expect(subtreeCounts(one, 4)).toMatchObject(counts);
    expect(leaves.done).toEqual([0, 1, 2, 3]);
    expect(sum).toEqual(await hostSum(engine, 0, 4));
    engine.dispose();
  });

  it('are left to the host where a margin is extreme, and for as long as that lasts', async () => {
    const engine = engineOf();
    const into = new Float32Array(length);
    engine.load(parametersAt(-60));
    expect(await engine.subtree(leavesOf(2), into)).toBe('singly');
    const asked: number[] = [];
    const none = leavesOf(2, (leaf) => void asked.push(leaf));
    expect([await engine.subtree(none, into), asked]).toEqual(['singly', []]);
    await engine.gradient(formulaMicroBatch(task, SAMPLES), into);
    expect(await engine.subtree(none, into)).toBe('singly');
    engine.load(parametersAt(0));
    await engine.gradient(formulaMicroBatch(task, SAMPLES), into);
    expect(await engine.subtree(leavesOf(2), into)).toBe('summed');
    expect(into).toEqual(await hostSum(engine, 0, 2));
    engine.dispose();
  });

  it('end where a leaf is not wanted any more, and the engine goes on', async () => {
    const engine = engineOf();
    const into = new Float32Array(length);
    const stopping = leavesOf(4, (leaf) => (leaf === 2 ? undefined : formulaMicroBatch(task, SAMPLES, leaf)));
    expect(await engine.subtree(stopping, into)).toBe('stopped');
    expect(await engine.subtree(leavesOf(2), into)).toBe('summed');
    expect(into).toEqual(await hostSum(engine, 0, 2));
    await expect(
      engine.subtree(
        leavesOf(2, () => formulaMicroBatch(task, 3)),
        into,
      ),
    ).rejects.toThrow('must have');
    engine.dispose();
  });

  it.each<[string, (code: string) => string]>([
    ['rounds ties away from zero', (code) => code.replace('(rest == 4u && (digits & 1u) == 1u)', 'rest == 4u')],
    ['loses what it shifts out', (code) => code.replace('| select(0u, 1u, (kept << distance) != whole)', '')],
    [
      'loses subnormal numbers',
      (code) =>
        code.replace(
          'into[i] = sum(into[i], from_[i])',
          'into[i] = sum(into[i], select(from_[i], 0u, (from_[i] & INFINITE) == 0u))',
        ),
    ],
    ['leaves out the last element', (code) => code.replace('i >= arrayLength(&into)', 'i + 1u >= arrayLength(&into)')],
  ])('are left to the host by a device that %s', async (_, change) => {
    const sumKernel = { ...addKernel, code: change(addKernel.code) };
    expect(sumKernel.code).not.toBe(addKernel.code);
    await expect(DeviceAdder.create(context!, sumKernel)).rejects.toMatchObject({ code: 'webgpu-sums-differ' });
  });

  it('are left to the host by an engine whose device adds wrongly, or has no room', async () => {
    const into = new Float32Array(length);
    const reasons: unknown[] = [];
    const leftToHost = (reason: unknown) => void reasons.push(reason);
    const sumKernel = { ...addKernel, code: addKernel.code.replace('rest > 4u', 'rest > 5u') };
    const wrong = engineOf({ sumKernel, leftToHost });
    expect(await wrong.subtree(leavesOf(2), into)).toBe('singly');
    wrong.dispose();
    const full = engineOf({ leftToHost });
    const { device } = context!;
    const create = device.createBuffer.bind(device);
    device.createBuffer = (descriptor) =>
      create(descriptor.label === 'node' ? { ...descriptor, size: 2 ** 45 } : descriptor);
    expect(await full.subtree(leavesOf(2), into)).toBe('singly');
    device.createBuffer = create;
    expect(reasons).toMatchObject([{ code: 'webgpu-sums-differ' }, { code: 'webgpu-refused' }]);
    await full.gradient(formulaMicroBatch(task, SAMPLES), into);
    expect(into.every(Number.isFinite)).toBe(true);
    full.dispose();
  });
});
