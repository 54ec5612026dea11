import { EXAMPLE } from '@gradcast/definition/example';
import type { RunDefinition } from '@gradcast/definition';
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LEDGER_FORMAT, LedgerWriter } from '@gradcast/ledger';
import { RunFolder } from '@gradcast/run-folder';
import { builtinTask } from '@gradcast/tasks';
import { TrainingState } from '@gradcast/optimizer';
import { contentOf } from '@gradcast/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { begin } from './resume.ts';
import type { BeginOptions, Beginning } from './resume.ts';

let out: string;
const begun: Beginning[] = [];

beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'gradcast-resume-'));
});

afterEach(async () => {
  for (const { folder } of begun.splice(0)) await folder.release();
  await rm(out, { recursive: true, force: true });
});

/** Begins as a coordinator with these settings would. */
async function start(
  resume: string | null,
  change: Partial<RunDefinition> = {},
  restore: BeginOptions['restore'] = () => Object.create(TrainingState.prototype) as TrainingState,
): Promise<Beginning> {
  const definition = { ...EXAMPLE, ...change };
  const config = { ...definition, out, resume, keepLast: 3 };
  const stored = { ...config, resume: undefined };
  const beginning = await begin({
    config,
    definition,
    task: builtinTask({ preset: 'mnist', task: null })!,
    stored,
    restore,
  });
  begun.push(beginning);
  return beginning;
}

/** An earlier run with checkpoints at some steps, newest last. @returns its folder. */
async function earlier(
  steps: readonly number[],
  change: Partial<RunDefinition> = {},
  facts: Readonly<Record<string, string>> = {},
): Promise<string> {
  const config = { ...EXAMPLE, ...change };
  const folder = await RunFolder.create({ out, preset: config.preset, config, now: () => 1e12, random: () => 0 });
  const header = { kind: 'header', format: LEDGER_FORMAT, run: folder.id, ...config, samples: 1000 } as const;
  const writer = await LedgerWriter.create(folder.path, header);
  const result = { start: 0, size: config.microBatches, worker: 'w', outcome: 'accepted', ms: 1 };
  const batch = config.microBatchSize * config.microBatches;
  for (let step = 1; step <= (steps.at(-1) ?? 0); step++) {
    writer.step({
      step,
      outcome: 'closed',
      from: (step - 1) * batch,
      to: step * batch,
      results: [result],
      profiles: [],
      average: '0'.repeat(32),
      state: '0'.repeat(32),
    });
    await writer.sync();
    if (!steps.includes(step)) continue;
    await folder.checkpoints.save({
      tensors: { x: { dtype: 'F32', shape: [1], data: Float32Array.of(step) } },
      info: { step, config, manifest: {}, profile: {}, incarnation: 1, ledger: writer.position, facts },
    });
  }
  await writer.close();
  await folder.release();
  return folder.path;
}

describe('without --resume', () => {
  it('makes a new run beside those that are there', async () => {
    const before = await earlier([5]);
    const { folder, loaded, damaged } = await start(null);
    expect(folder.path).not.toBe(before);
    expect([loaded, damaged]).toEqual([undefined, []]);
    expect(JSON.parse(await readFile(join(folder.path, 'config.json'), 'utf8'))).toMatchObject(EXAMPLE);
  });
});

describe('a run that stops early', () => {
  const rule = { earlyStop: 'recall', earlyStopPatience: 2, earlyStopEvery: 4 } as const;
  const standing = { through: 0, best: null, bestStep: 0, waited: 0 };
  const facts = { early_stop: JSON.stringify({ standing, known: null }) };
  const weights: BeginOptions['restore'] = ({ checkpoint }) =>
    ({ averagedParameters: Float32Array.of(checkpoint.info.step) }) as unknown as TrainingState;

  it('has what its checkpoint lacks scored with the weights of the step that the score is of', async () => {
    const run = await earlier([4, 6], rule, facts);
    const { loaded, earlyStop } = await start(run, rule, weights);
    expect(loaded?.checkpoint.info.step).toBe(6);
    expect(earlyStop).toEqual({ known: { standing, known: null }, missing: { step: 4, weights: Float32Array.of(4) } });
  });

  it('lacks nothing where its checkpoint has the score, or is of that very step', async () => {
    const known = { step: 4, value: 0.5 };
    const run = await earlier([4, 6], rule, { early_stop: JSON.stringify({ standing, known }) });
    expect((await start(run, rule, weights)).earlyStop).toEqual({ known: { standing, known }, missing: undefined });
    const at = await earlier([4], rule, facts);
    expect((await start(at, rule, weights)).earlyStop.missing).toBeUndefined();
  });

  it('is refused, and stays as it was, where a score can be known no more', async () => {
    for (const [steps, said, sentence] of [
      [[6], facts, /lacks the score of step 4, which --early-stop needs, and there is no checkpoint/],
      [[4, 6], {}, /does not say what --early-stop knows/],
    ] as const) {
      const run = await earlier(steps, rule, said);
      const before = await contentOf(run);
      const refused = start(run, rule, weights);
      await expect(refused).rejects.toMatchObject({ code: 'early-stop-unknown', exitCode: 1 });
      await expect(refused).rejects.toThrow(sentence);
      expect(await contentOf(run)).toEqual(before);
    }
  });
});

describe('--resume auto', () => {
  it('takes the newest run of the same definition', async () => {
    await earlier([5]);
    const wanted = await earlier([3, 7]);
    await earlier([9], { seed: 2 });
    const { folder, loaded } = await start('auto');
    expect(folder.path).toBe(wanted);
    expect(loaded?.checkpoint.info.step).toBe(7);
  });

  it.each<[string, Partial<RunDefinition>]>([
    ['preset', { preset: 'classic' }],
    ['seed', { seed: 2 }],
    ['micro-batch size', { microBatchSize: 16 }],
    ['number of micro-batches', { microBatches: 8 }],
    ['learning rate', { learningRate: 0.001 }],
    ['data set', { dataset: 'cd'.repeat(32) }],
    ['task of their own', { task: 'ef'.repeat(32) }],
  ])('starts fresh if only runs of another %s are there', async (_, change) => {
    await earlier([5], change);
    expect((await start('auto')).loaded).toBeUndefined();
  });

  it('starts fresh in an empty or missing folder', async () => {
    expect((await start('auto')).loaded).toBeUndefined();
    await rm(out, { recursive: true });
    begun.length = 0;
    expect((await start('auto')).loaded).toBeUndefined();
  });

  it('passes over runs that were killed before their first checkpoint, and those whose config is damaged', async () => {
    const wanted = await earlier([4]);
    await earlier([]);
    await writeFile(join(await earlier([6]), 'config.json'), '{"preset": "mn');
    expect((await start('auto')).folder.path).toBe(wanted);
  });

  it('falls back to the checkpoint before one that is damaged, and says so', async () => {
    const path = await earlier([3, 7]);
    await truncate(join(path, 'checkpoints', 'step-000007.safetensors'), 40);
    const { loaded, damaged } = await start('auto');
    expect(loaded?.checkpoint.info.step).toBe(3);
    expect(damaged).toHaveLength(1);
    expect(damaged[0]).toContain('step-000007.safetensors');
  });

  it('does not take a folder of checkpoints that cannot be read for an empty one', async () => {
    const path = await earlier([5]);
    await rm(join(path, 'checkpoints'), { recursive: true });
    await symlink('checkpoints', join(path, 'checkpoints'));
    await expect(start('auto')).rejects.toMatchObject({ code: 'run-corrupt' });
  });

  it('refuses a run that another coordinator has open', async () => {
    await earlier([5]);
    await start('auto');
    await expect(start('auto')).rejects.toMatchObject({ code: 'run-locked' });
  });
});

describe('--resume PATH', () => {
  it('takes the newest checkpoint of a run folder', async () => {
    const path = await earlier([3, 7]);
    const { folder, loaded } = await start(path);
    expect([folder.path, loaded?.checkpoint.info.step]).toEqual([path, 7]);
  });

  it('takes the checkpoint that is named, in its own run', async () => {
    const path = await earlier([3, 7]);
    const { folder, loaded } = await start(join(path, 'checkpoints', 'step-000003.safetensors'));
    expect([folder.path, loaded?.checkpoint.info.step]).toEqual([path, 3]);
  });

  it('writes the operational settings of this start', async () => {
    const path = await earlier([3]);
    const before = await readFile(join(path, 'config.json'), 'utf8');
    const { takeUp } = await start(path);
    expect(await readFile(join(path, 'config.json'), 'utf8')).toBe(before);
    await takeUp();
    expect(JSON.parse(await readFile(join(path, 'config.json'), 'utf8'))).toMatchObject({ ...EXAMPLE, keepLast: 3 });
  });

  it('refuses a run that differs, listing every field, and leaves it alone', async () => {
    const path = await earlier([3], { seed: 2, learningRate: 0.001 });
    const before = await readFile(join(path, 'config.json'), 'utf8');
    await expect(start(path)).rejects.toMatchObject({
      code: 'resume-mismatch',
      exitCode: 2,
      message: `${path} is another run: seed is 2 there and 1 here (--seed); learning rate is 0.001 there and 0.0005 here (--lr)`,
    });
    expect(await readFile(join(path, 'config.json'), 'utf8')).toBe(before);
    await (await RunFolder.open(path)).release();
  });

  it.each<[string, (path: string) => Promise<unknown>, string]>([
    ['whose ledger is damaged', (path) => truncate(join(path, 'ledger.jsonl'), 700), 'ledger-damaged'],
    ['whose ledger is gone', (path) => rm(join(path, 'ledger.jsonl')), 'ledger-missing'],
    ['whose counter is no number', (path) => writeFile(join(path, 'incarnation'), 'three'), 'run-corrupt'],
    ['whose metrics are a folder', (path) => mkdir(join(path, 'metrics.jsonl')), 'out-not-writable'],
  ])('changes nothing in a run %s', async (_, spoil, code) => {
    const path = await earlier([3, 7]);
    await spoil(path);
    await writeFile(join(path, 'summary.json'), '{}');
    const before = await contentOf(path);
    const named = join(path, 'checkpoints', 'step-000003.safetensors');
    await expect(start(named)).rejects.toMatchObject({ code });
    expect(await contentOf(path)).toEqual(before);
  });

  it('changes nothing in a run whose checkpoint is of another model', async () => {
    const path = await earlier([3, 7]);
    const before = await contentOf(path);
    const restore = () => {
      throw new TypeError('not this model');
    };
    await expect(start(path, {}, restore)).rejects.toThrow('not this model');
    expect(await contentOf(path)).toEqual(before);
  });

  it('refuses a path where nothing is', async () => {
    await expect(start(join(out, 'nowhere'))).rejects.toMatchObject({ code: 'run-missing', exitCode: 2 });
  });

  it('refuses a run without checkpoints', async () => {
    await expect(start(await earlier([]))).rejects.toMatchObject({ code: 'checkpoint-missing' });
  });
});
