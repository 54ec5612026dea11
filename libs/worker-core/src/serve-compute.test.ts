import { BackendError } from '@gradcast/engine';
import type { DeviceEvent } from '@gradcast/engine';
import { EXAMPLE } from '@gradcast/definition/example';
import { decodeFromWorker, encodeFrame } from '@gradcast/protocol';
import { referenceKernels } from '@gradcast/vector';
import { builtinTask } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import type { FromCompute, ToCompute } from './compute-messages.ts';
import { FakeEngine } from './fake-engine.ts';
import { PROFILE } from './fake-thread.ts';
import { serveCompute } from './serve-compute.ts';
import type { ComputeDevice, ComputePort } from './serve-compute.ts';

/** The parent's side of a thread's line. */
class FakePort implements ComputePort {
  readonly said: FromCompute[] = [];
  readonly transferred: ArrayBuffer[] = [];
  #take: (message: ToCompute) => void = () => undefined;
  #expected: ((message: FromCompute) => void)[] = [];

  post(message: FromCompute, transfer: ArrayBuffer[]): void {
    this.said.push(message);
    this.transferred.push(...transfer);
    for (const tell of this.#expected.splice(0)) tell(message);
  }

  listen(take: (message: ToCompute) => void): void {
    this.#take = take;
  }

  takeArrived(): Promise<void> {
    return Promise.resolve();
  }

  /** Tells the thread, and waits for its next word. */
  async tell(message: ToCompute): Promise<FromCompute> {
    const answer = new Promise<FromCompute>((resolve) => this.#expected.push(resolve));
    this.#take(message);
    return answer;
  }

  next(): Promise<FromCompute> {
    return new Promise((resolve) => this.#expected.push(resolve));
  }
}

const device: ComputeDevice = {
  profile: PROFILE,
  findTask: builtinTask,
  createEngine: (model) => new FakeEngine(model),
  createKernels: () => referenceKernels,
  sha256: () => Promise.resolve('ab'.repeat(32)),
  now: () => 0,
};

const welcome = (preset: string) =>
  encodeFrame({
    type: 'welcome',
    incarnation: 1,
    run: 'run-1',
    worker: 'ada',
    session: 'ab'.repeat(16),
    ...EXAMPLE,
    preset,
    microBatchSize: 16,
    microBatches: 2,
    silenceSeconds: 30,
  });

describe('serveCompute', () => {
  it('says what it loaded, and nothing before', async () => {
    const port = new FakePort();
    await serveCompute(port, () => Promise.resolve(device));
    expect(port.said).toEqual([{ type: 'loaded', profile: PROFILE }]);
  });

  it('tells why it could not load', async () => {
    const port = new FakePort();
    const missing = Object.assign(new Error('there is no SIMD'), { code: 'wasm-unavailable' });
    await serveCompute(port, () => Promise.reject(missing));
    expect(port.said).toEqual([{ type: 'failed', code: 'wasm-unavailable', sentence: 'there is no SIMD' }]);
  });

  it('says what there is to do about a failure, where that is known', async () => {
    const port = new FakePort();
    const gone = new BackendError('webgpu-no-adapter', 'there is no adapter', { remedy: 'use the processor' });
    await serveCompute(port, () => Promise.reject(gone));
    expect(port.said).toMatchObject([{ type: 'failed', sentence: 'there is no adapter; use the processor' }]);
  });

  it('passes on what becomes of the device', async () => {
    const port = new FakePort();
    let tell: (event: DeviceEvent) => void = () => undefined;
    await serveCompute(port, (given) => {
      tell = given;
      return Promise.resolve(device);
    });
    tell({ kind: 'lost', sentence: 'it is gone' });
    expect(port.said.at(-1)).toEqual({ type: 'device', event: { kind: 'lost', sentence: 'it is gone' } });
  });

  it('answers the welcome of a run, and says when it is idle and how much it has taken', async () => {
    const port = new FakePort();
    await serveCompute(port, () => Promise.resolve(device));
    const answer = await port.tell({ type: 'frame', bytes: welcome('mnist') });
    const frame = answer.type === 'frame' ? answer.bytes : undefined;
    expect(decodeFromWorker(frame!).message).toMatchObject({ type: 'ready', incarnation: 1, probe: 'ab'.repeat(32) });
    // The frame's memory is the parent's.
    expect(port.transferred).toEqual([frame!.buffer]);
    expect(await port.next()).toEqual({ type: 'idle', taken: 1 });
  });

  it('tells of a run that it does not know, and of what is no message', async () => {
    const port = new FakePort();
    await serveCompute(port, () => Promise.resolve(device));
    const unknown = await port.tell({ type: 'frame', bytes: welcome('toString') });
    expect(unknown).toMatchObject({ type: 'failed', code: 'preset-unknown' });
  });
});
