/**
 * A run folder of an earlier version (commit 099ceb9: preset mnist, which is dcgan now, seed 9, four steps on wasm): it goes on, is held against what
 * was recorded, ends with the recorded hashes, and can be verified and replayed.
 *
 * Its checkpoints are 14 MB each and not kept. That of version 0 follows from the seed, so its header is, and its tensors
 * are made anew; the digest in the header proves that they are the same to the last bit.
 */
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCheckpoint } from '@gradcast/checkpoint';
import { ganTask, presets } from '@gradcast/gan';
import { nameTensors, TrainingState } from '@gradcast/optimizer';
import { contentOf, hashesOf, readSummary, Workbench } from '@gradcast/testing';
import { referenceKernels as kernels } from '@gradcast/vector';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const RECORDED = fileURLToPath(new URL('../fixtures/run-099ceb9', import.meta.url));
const ID = '20261128-013945-mnist-50a9';
const HOW = '--workers 1 --backend wasm --no-samples --log-interval 1';

let bench: Workbench;
let run: string;
beforeAll(async () => {
  bench = await Workbench.create();
  run = await killedAtOnce(ID);
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

/** The recorded run as it would be if it had been killed before its second checkpoint. */
async function killedAtOnce(name: string): Promise<string> {
  const folder = bench.path(name);
  await cp(RECORDED, folder, { recursive: true });
  const header = join(folder, 'step-000000.header');
  await mkdir(join(folder, 'checkpoints'));
  await writeFile(join(folder, 'checkpoints', 'step-000000.safetensors'), initialCheckpoint(await readFile(header)));
  await rm(header);
  await rm(join(folder, 'summary.json'));
  return folder;
}

function initialCheckpoint(header: Buffer): Buffer {
  const model = ganTask(presets.dcgan);
  const state = TrainingState.initial({ task: model, kernels }, 9);
  const tensors = nameTensors(model, state.vectors);
  const described = JSON.parse(header.toString('utf8', 8)) as Record<string, { data_offsets: [number, number] }>;
  const named = Object.entries(described).filter(([name]) => name !== '__metadata__');
  const bytes = Buffer.alloc(Math.max(...named.map(([, { data_offsets: offsets }]) => offsets[1])));
  for (const [
    name,
    {
      data_offsets: [begin],
    },
  ] of named) {
    const { buffer, byteOffset, byteLength } = tensors[name].data;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), begin);
  }
  return Buffer.concat([header, bytes]);
}

describe('a run folder of 099ceb9', () => {
  it('has its checkpoint of version 0, to the last bit', async () => {
    const { info } = await readCheckpoint(join(run, 'checkpoints', 'step-000000.safetensors'));
    expect(info).toMatchObject({ step: 0, incarnation: 1, ledger: { length: 1 } });
    expect(info.ledger.place).toBeUndefined();
  });

  it('goes on, does the recorded steps again alike, and ends with the recorded hashes', async () => {
    const { code, stderr } = await bench.run(`train --resume ${run} ${HOW}`);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('done again differs');
    expect(hashesOf(await readSummary(run))).toEqual(hashesOf(await readSummary(RECORDED)));
    const verified = await bench.run(['verify', run]);
    expect(verified.code, verified.stderr).toBe(0);
    expect(verified.stdout).toMatch(/^verified: 4 steps, each closed once.*all 6 lines chained, taken up again 1 time/);
    const replayed = await bench.run(['replay', run, '--step', '2', '--backend', 'wasm']);
    expect(replayed.code, replayed.stderr).toBe(0);
  });

  it('is told apart where a recorded step is another', async () => {
    const folder = await killedAtOnce('20261128-013946-mnist-50a9');
    const path = join(folder, 'ledger.jsonl');
    const ledger = await readFile(path, 'utf8');
    const [header, first] = ledger.split('\n');
    // The second line of another run: its chain is sound, its average another.
    await writeFile(path, `${header}\n`);
    await appendFile(path, resealed(header, first.replace(/"average":"0f/, '"average":"1f')));
    const { stderr } = await bench.run(`train --resume ${folder} ${HOW}`);
    expect(stderr).toMatch(/step 1 done again differs from its first time: its average was 1f/);
    expect(Object.keys(await contentOf(folder))).toContain('ledger/abandoned-000001.jsonl.gz');
  });
});

/** A line with another content, chained on the line before it. */
function resealed(before: string, line: string): string {
  const previous = /"chain":"([0-9a-f]{64})"\}$/.exec(before)![1];
  const content = line.replace(/,"chain":"[0-9a-f]{64}"\}$/, '}');
  const chain = createHash('sha256').update(`${previous}\n${content}`).digest('hex');
  return `${content.slice(0, -1)},"chain":"${chain}"}\n`;
}
