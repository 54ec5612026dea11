import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { Checkpoints, readCheckpoint, serveCheckpointWriter } from '@gradcast/checkpoint';
import { RunError } from '@gradcast/files';
import { ganTask, tinyPresets } from '@gradcast/gan';
import { TrainingState } from '@gradcast/optimizer';
import { referenceKernels as kernels } from '@gradcast/vector';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Saving } from './saving.ts';

let path = '';
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'gradcast-saving-'));
});
afterEach(() => rm(path, { recursive: true, force: true }));

const model = ganTask(Object.values(tinyPresets)[0]);

/** A ledger whose flush ends when the test says so. */
class FakeLedger {
  position = { length: 1, head: 'a'.repeat(64) };
  readonly syncs: { done: () => void; failed: (error: Error) => void }[] = [];
  sync(): Promise<void> {
    return new Promise((done, failed) => this.syncs.push({ done, failed }));
  }
}

/** The thread's side in this one, behind a real message channel. */
function thread() {
  const { port1, port2 } = new MessageChannel();
  serveCheckpointWriter(port2);
  const terminate = () => {
    port1.close();
    return Promise.resolve();
  };
  return Object.assign(port1, { terminate });
}

function saving(saveEvery = 1) {
  const state = TrainingState.initial({ task: model, kernels }, 1);
  const ledger = new FakeLedger();
  const saved: number[] = [];
  const failed: string[] = [];
  const checkpoints = new Checkpoints(join(path, 'checkpoints'));
  const under = new Saving({
    folder: { checkpoints },
    state,
    config: {},
    incarnation: 1,
    saveEvery,
    saveSeconds: 0,
    keepLast: 0,
    ledger,
    profiles: () => [],
    now: () => 0,
    startThread: thread,
    onSaved: (_, step) => saved.push(step),
    onFailed: (sentence) => failed.push(sentence),
  });
  return { under, state, ledger, saved, failed, checkpoints };
}

describe('Saving', () => {
  it('writes no checkpoint before the ledger is on the disk, and the one of the moment it was due', async () => {
    const { under, state, ledger, saved, checkpoints } = saving();
    under.afterStep();
    // The step loop goes on meanwhile.
    state.skip(8);
    ledger.position = { length: 2, head: 'b'.repeat(64) };
    expect(await checkpoints.list()).toEqual([]);
    ledger.syncs[0].done();
    const last = under.now();
    await expect.poll(() => ledger.syncs.length).toBe(2);
    ledger.syncs[1].done();
    expect(await last).toBe(true);
    await under.close();
    expect(saved).toEqual([0, 1]);
    const { info } = await readCheckpoint(checkpoints.path(0));
    expect(info).toMatchObject({ step: 0, ledger: { length: 1, head: 'a'.repeat(64) } });
    expect((await readCheckpoint(checkpoints.path(1))).info.ledger.length).toBe(2);
  });

  it('has two saves under way at most', async () => {
    const { under, ledger } = saving();
    for (let call = 0; call < 5; call++) under.afterStep();
    expect(ledger.syncs).toHaveLength(2);
    for (const { done } of ledger.syncs) done();
    await under.close();
  });

  it('reports a failing ledger or disk, and saves again later', async () => {
    const { under, ledger, failed, saved, checkpoints } = saving();
    const first = under.now();
    await expect.poll(() => ledger.syncs.length).toBe(1);
    ledger.syncs[0].failed(new RunError('out-not-writable', 'ledger.jsonl cannot be written (ENOSPC)'));
    expect(await first).toBe(false);
    expect(failed).toEqual(['the checkpoint of step 0 waits for the ledger: ledger.jsonl cannot be written (ENOSPC)']);
    await writeFile(checkpoints.folder, 'in the way');
    const second = under.now();
    await expect.poll(() => ledger.syncs.length).toBe(2);
    ledger.syncs[1].done();
    expect(await second).toBe(false);
    expect(failed[1]).toMatch(/step-000000.safetensors cannot be written \(EEXIST\)/);
    expect(await readFile(checkpoints.folder, 'utf8')).toBe('in the way');
    await rm(checkpoints.folder);
    const third = under.now();
    await expect.poll(() => ledger.syncs.length).toBe(3);
    ledger.syncs[2].done();
    expect(await third).toBe(true);
    expect(saved).toEqual([0]);
    await under.close();
  });
});
