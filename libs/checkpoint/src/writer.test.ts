import { EventEmitter } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Checkpoint } from './checkpoint.ts';
import { readCheckpoint } from './checkpoint.ts';
import { serveCheckpointWriter } from './writer-thread.ts';
import { CheckpointWriter } from './writer.ts';
import type { WriterThread } from './writer.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-writer-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (step: number): Checkpoint => ({
  info: { step, config: {}, manifest: {}, profile: {}, incarnation: 1, ledger: { length: step, head: '' }, facts: {} },
  tensors: { parameters: { dtype: 'F32', shape: [4], data: new Float32Array(4).fill(step) } },
});

/** Both ends of a real message channel: transfers and clones as between threads. */
function thread(): WriterThread {
  const { port1, port2 } = new MessageChannel();
  serveCheckpointWriter(port2);
  return Object.assign(port1, {
    terminate: () => {
      port1.close();
      return Promise.resolve();
    },
  });
}

/** A thread that never answers. */
class Silent extends EventEmitter {
  terminated = false;
  postMessage(): void {
    // It hears, and does nothing.
  }
  terminate(): Promise<void> {
    this.terminated = true;
    return Promise.resolve();
  }
}

describe('CheckpointWriter', () => {
  it('writes, prunes and takes the memory over', async () => {
    const writer = new CheckpointWriter({ start: thread, folder, keepLast: 2 });
    for (const step of [1, 2]) expect((await writer.save(at(step))).removed).toEqual([]);
    const third = at(3);
    const saving = writer.save(third);
    expect(third.tensors['parameters'].data).toHaveLength(0);
    const saved = await saving;
    expect(saved).toMatchObject({ step: 3, removed: [1] });
    expect(saved.seconds).toBeGreaterThan(0);
    expect(await readCheckpoint(saved.path)).toEqual(at(3));
    expect(await readdir(folder)).toEqual(['step-000002.safetensors', 'step-000003.safetensors']);
    await writer.close();
    await expect(writer.save(at(4))).rejects.toMatchObject({ code: 'checkpoint-write' });
  });

  it('takes two saves at once and refuses a third without touching it', async () => {
    const writer = new CheckpointWriter({ start: thread, folder, keepLast: 5 });
    const first = writer.save(at(1));
    expect(writer.busy).toBe(false);
    const second = writer.save(at(2));
    expect(writer.busy).toBe(true);
    const third = at(3);
    await expect(writer.save(third)).rejects.toMatchObject({ code: 'checkpoint-busy' });
    expect(third.tensors['parameters'].data).toHaveLength(4);
    await writer.settled();
    expect([(await first).step, (await second).step]).toEqual([1, 2]);
    await writer.close();
  });

  it('reports a failed save and goes on', async () => {
    const blocked = join(folder, 'file');
    await writeFile(blocked, '');
    const writer = new CheckpointWriter({ start: thread, folder: blocked, keepLast: 1 });
    await expect(writer.save(at(1))).rejects.toMatchObject({ code: 'checkpoint-write' });
    await rm(blocked);
    expect((await writer.save(at(2))).step).toBe(2);
    await writer.close();
  });

  it.each([
    ['error', new Error('out of memory'), 'the checkpoint thread failed'],
    ['exit', 1, 'the checkpoint thread ended with exit code 1'],
  ])('gives up what is under way on %s, and starts another thread for the next save', async (event, value, message) => {
    const silent = new Silent();
    const threads: WriterThread[] = [silent, thread()];
    const writer = new CheckpointWriter({ start: () => threads.shift()!, folder, keepLast: 1 });
    const saving = writer.save(at(1));
    const settled = writer.settled();
    silent.emit(event, value);
    await expect(saving).rejects.toMatchObject({ code: 'checkpoint-write', message });
    await settled;
    const next = writer.save(at(2));
    // A thread that fails also ends; that is nothing to the one that took its place.
    silent.emit('exit', 1);
    expect((await next).step).toBe(2);
    await writer.close();
    expect(threads).toEqual([]);
  });
});
