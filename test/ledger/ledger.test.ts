/**
 * The ledger of real runs: it proves a run that nothing disturbed and one whose coordinator was killed, a replay gives its
 * bits again, and neither takes a ledger that was tampered with.
 */
import { createHash } from 'node:crypto';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { checkpointSteps, hashesOf, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { Hashes } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

const STEPS = 12;
const RUN = `train --preset dcgan --seed 5 --steps ${STEPS} --global-batch 64 --micro-batches 4 --backend wasm --no-samples`;

/** No checkpoint between that of version 0 and the last. */
const ONLY_FIRST = '--save-every 0 --save-seconds 0';

/** A line of ledger.jsonl, as far as these tests look at it. */
interface Line {
  readonly kind: string;
  readonly step?: number;
  readonly from?: number;
  readonly average?: string;
  readonly state?: string;
}

let bench: Workbench;
let run: string;
let undisturbed: Hashes;
let undisturbedSteps: Line[];

beforeAll(async () => {
  bench = await Workbench.create();
  const ending = await bench.run(`${RUN} --workers 1 --save-every 5 --save-seconds 0 --keep-last 0 --out plain`);
  expect(ending.code, ending.stderr).toBe(0);
  [run] = await runsIn(bench.path('plain'));
  undisturbed = hashesOf(await readSummary(run));
  undisturbedSteps = stepsOf(await linesOf(run));
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

async function linesOf(folder: string, name = 'ledger.jsonl'): Promise<Line[]> {
  const bytes = await readFile(join(folder, name));
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

const stepsOf = (lines: readonly Line[]) => lines.filter(({ kind }) => kind === 'step');
/** What must repeat whatever happened. */
const bitsOf = (lines: readonly Line[]) =>
  stepsOf(lines).map(({ step, from, average, state }) => ({ step, from, average, state }));

/** A copy of the run whose ledger was edited. */
async function tampered(edit: (text: string) => string): Promise<string> {
  const copy = bench.path('tampered');
  await rm(copy, { recursive: true, force: true });
  await cp(run, copy, { recursive: true });
  const path = join(copy, 'ledger.jsonl');
  await writeFile(path, edit(await readFile(path, 'utf8')));
  return copy;
}

describe('verify', () => {
  it('proves an undisturbed run', async () => {
    const { code, stdout, stderr } = await bench.run(['verify', run]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(
      'verified: 12 steps, each closed once; 768 stream positions: 768 of 60000 samples once in the epoch begun; ' +
        'all 13 lines chained; the checkpoint of step 12 and summary.json agree\n',
    );
  });

  it.each<{ what: string; edit: (text: string) => string; line: number; field: string }>([
    {
      what: 'a changed fingerprint',
      edit: (text) => text.replace(/("step":7,.*"state":")./, '$1x'),
      line: 8,
      field: 'chain',
    },
    { what: 'a removed line', edit: (text) => text.replace(/^.*"step":4,.*\n/m, ''), line: 5, field: 'chain' },
    {
      what: 'a line cut off at the end',
      edit: (text) => text.replace(/^.*"step":12,.*\n/m, ''),
      line: 13,
      field: 'length',
    },
  ])('refuses $what, naming the line', async ({ edit, line, field }) => {
    const copy = await tampered(edit);
    const { code, stdout, stderr } = await bench.run(['verify', copy]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`^gradcast: .*ledger\\.jsonl is damaged: line ${line} .* \\[ledger-damaged\\]\n$`),
    );
    const json = await bench.run(['verify', copy, '--json']);
    expect(json).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, code: 'ledger-damaged', line, field });
  });

  it('refuses a summary of other weights', async () => {
    const copy = await tampered((text) => text);
    const path = join(copy, 'summary.json');
    const summary = await readFile(path, 'utf8');
    await writeFile(path, summary.replace(undisturbed.stateSha256, '0'.repeat(64)));
    const { code, stderr } = await bench.run(['verify', copy]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /stateSha256 is [0-9a-f]{64} by ledger and checkpoint, but "0{64}" in summary.json \[ledger-mismatch\]/,
    );
  });
});

describe('replay', () => {
  it.each([
    { step: 1, from: 'the initial state', counted: '1 step' },
    { step: 7, from: 'the checkpoint of step 5', counted: '2 steps' },
  ])('gives the bits of step $step again', async ({ step, from, counted }) => {
    const { code, stdout, stderr } = await bench.run(['replay', run, '--step', String(step), '--backend', 'wasm']);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe(`replayed: the recorded bits again, from ${from} to step ${step} (${counted})\n`);
    expect(stderr).toBe(`gradcast: computing ${counted} from ${from}\n`);
  });

  it('refuses a tampered ledger and a step that never was', async () => {
    const copy = await tampered((text) => text.replace(/("step":7,.*"average":")./, '$1x'));
    const refused = await bench.run(['replay', copy, '--step', '2', '--backend', 'wasm']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/line 8 .*\[ledger-damaged\]/);
    const missing = await bench.run(['replay', run, '--step', '13', '--backend', 'wasm']);
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toMatch(/there is no line of step 13 \[ledger-mismatch\]/);
  });
});

describe('a coordinator that is killed', () => {
  it('goes on with the same bits, and the ledger proves it', async () => {
    const options = `${RUN} --workers 2 --save-every 5 --save-seconds 0 --out killed --log-interval 1 --json`;
    const folder = await killAt(7, options, 'killed');
    const at = (await checkpointSteps(folder)).at(-1)!;
    const resumed = await bench.run(`${options} --resume auto`);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(hashesOf(await readSummary(folder))).toEqual(undisturbed);
    const lines = await linesOf(folder);
    expect(bitsOf(lines)).toEqual(bitsOf(undisturbedSteps));
    expect(lines.filter(({ kind }) => kind === 'resumed')).toMatchObject([{ from: at }]);
    const verified = await bench.run(['verify', folder, '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, steps: STEPS, resumed: 1, summary: true });
  });

  it('keeps the lines behind its checkpoint and does those steps again alike', async () => {
    const options = `${RUN} --workers 1 ${ONLY_FIRST} --out first --log-interval 1 --json`;
    const folder = await killAt(5, options, 'first');
    const before = await bench.run(['verify', folder]);
    expect(before.code, before.stderr).toBe(0);
    expect(before.stdout).toMatch(/note: the last \d+ steps are not in a checkpoint yet/);
    const resumed = await bench.run(`${options} --resume auto`);
    expect(resumed.code, resumed.stderr).toBe(0);
    const [cut, ...abandoned] = await linesOf(folder, 'ledger/abandoned-000001.jsonl.gz');
    expect(cut).toMatchObject({ kind: 'cut', length: 1 });
    expect(abandoned.length).toBeGreaterThanOrEqual(4);
    expect(bitsOf(abandoned)).toEqual(bitsOf(undisturbedSteps).slice(0, abandoned.length));
    expect(hashesOf(await readSummary(folder))).toEqual(undisturbed);
  });

  it('refuses to go on where a step done again differs from its first time', async () => {
    const options = `${RUN} --workers 1 ${ONLY_FIRST} --out redone --log-interval 1 --json`;
    const folder = await killAt(4, options, 'redone');
    await forgeStep(folder, 2);
    const resumed = await bench.run(`${options} --resume auto`);
    expect(resumed.code, resumed.stderr).toBe(1);
    expect(resumed.stderr).toMatch(
      /step 2 done again differs from its first time: its state was 0{32} and is .*\[redo-mismatch\]/,
    );
    const accepted = await bench.run(`${options} --resume auto --accept-redo-mismatch`);
    expect(accepted.code, accepted.stderr).toBe(0);
    expect(hashesOf(await readSummary(folder))).toEqual(undisturbed);
    const verified = await bench.run(['verify', folder]);
    expect(verified.code, verified.stderr).toBe(0);
    expect(verified.stdout).toMatch(/^note: 1 step came out otherwise when done again, which was accepted$/m);
  });

  it('refuses to go on with a ledger that is shorter than its checkpoint', async () => {
    const copy = await tampered((text) => text.replace(/^.*"step":1[12],.*\n/gm, ''));
    const { code, stderr } = await bench.run(['train', '--resume', copy, '--steps', '14', '--backend', 'wasm']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/line 12 is missing: the checkpoint of step 12 speaks of 13 lines \[ledger-damaged\]/);
  });
});

/** Starts a run, kills its coordinator once it has told of a step, and gives its folder. */
async function killAt(step: number, options: string, out: string): Promise<string> {
  const started = bench.start(options);
  await started.step(step);
  process.kill(started.child('coordinator').pid, 'SIGKILL');
  await started.ended();
  const [folder] = await runsIn(bench.path(out));
  return folder;
}

/** Rewrites the ledger from a step on as if its state had come out differently, its chain sound. */
async function forgeStep(folder: string, step: number): Promise<void> {
  const path = join(folder, 'ledger.jsonl');
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  const index = lines.findIndex((line) => line.includes(`"step":${step},`));
  const kept = lines.slice(0, index);
  const previous = /"chain":"([0-9a-f]{64})"\}$/.exec(kept.at(-1)!)![1];
  const content = lines[index]
    .replace(/,"chain":"[0-9a-f]{64}"\}$/, '}')
    .replace(/"state":"[0-9a-f]+"/, `"state":"${'0'.repeat(32)}"`);
  const chain = createHash('sha256').update(`${previous}\n${content}`).digest('hex');
  const forged = `${content.slice(0, -1)},"chain":"${chain}"}`;
  await writeFile(path, [...kept, forged, ''].join('\n'));
}
