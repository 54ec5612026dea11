/** `wasm` has the same bits everywhere: here in this Node and in Chromium, and in a run of machines that are unlike. */
import { writeFile } from 'node:fs/promises';
import { hashesOf, readLedgerSteps, readSummary, runsIn, Workbench } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { difference, readExpected } from './expected.ts';
import type { Expected } from './expected.ts';
import { placeOf, PRESETS } from './places.ts';
import type { Answer, Request } from './steps.ts';

const REQUEST: Request = { gradients: PRESETS, steps: { mnist: [2] } };

let expected: Expected;
beforeAll(async () => {
  expected = await readExpected();
});

describe('gradients of all presets and two steps of one', () => {
  for (const place of [placeOf('node'), placeOf('chromium')]) {
    it.skipIf(place.missing !== undefined)(`have the hashes of every machine in ${place.name}`, async () => {
      const answers: Answer[] = [];
      await place.ask(REQUEST, { limitMs: 240_000, onAnswer: (answer) => answers.push(answer) });
      expect(answers.map((answer) => difference(expected, answer))).toEqual(Array(PRESETS.length + 1).fill(undefined));
    });
  }

  it('are told from others', () => {
    const hashes = { gradientSha256: '0'.repeat(64) };
    const sentence = difference(expected, { preset: 'mnist', steps: 0, hashes, seconds: 1 });
    expect(sentence).toMatch(/^gradientSha256 of mnist is 000000000000, not [0-9a-f]{12}$/);
  });
});

/** Everything that Node tells of a machine is that of another one, in every thread of the process. */
const POSE = `
import fs from 'node:fs';
import os from 'node:os';
import { syncBuiltinESMExports } from 'node:module';
const set = (object, name, value) => Object.defineProperty(object, name, { value, configurable: true });
set(process, 'arch', 'arm64');
set(process, 'version', 'v24.0.0');
set(process, 'versions', { ...process.versions, node: '24.0.0', v8: '13.6.0' });
os.cpus = () => Array.from({ length: 80 }, () => ({ model: 'Neoverse-N1', speed: 0, times: {} }));
os.arch = () => 'arm64';
os.machine = () => 'aarch64';
const read = fs.readFileSync;
fs.readFileSync = (path, ...rest) =>
  path === '/proc/cpuinfo' ? 'Features\\t: fp asimd evtstrm aes crc32 atomics\\n' : read(path, ...rest);
syncBuiltinESMExports();
`;

describe('an exact run', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await Workbench.create();
  });
  afterEach(() => bench.endProcesses());
  afterAll(() => bench.remove());

  it('takes unlike machines on wasm, and ends with the hashes of every machine', async () => {
    await writeFile(bench.path('pose.mjs'), POSE);
    const flags = `--preset mnist --seed ${expected.seed} --steps 2 --exact --min-workers 2 --no-samples --out exact`;
    const coordinator = bench.start(`coordinator ${flags} --json --port 0 --metrics-port 0`);
    const { url } = await coordinator.event('listening');
    const join = `worker --coordinator ${url} --backend wasm --name`;
    bench.start(`${join} plain`);
    bench.start(`${join} other`, { NODE_OPTIONS: `--import=file://${bench.path('pose.mjs')}` });
    const { code, stderr } = await coordinator.ended(200);
    expect(code, stderr).toBe(0);
    const [run] = await runsIn(bench.path('exact'));
    const summary = await readSummary(run);
    expect(summary.exact).toBe(true);
    expect(hashesOf(summary)).toEqual(expected.steps.mnist['2']);
    const results = (await readLedgerSteps(run)).flatMap((step) => step.results);
    const used = new Set(results.filter(({ outcome }) => outcome === 'accepted').map(({ worker }) => worker));
    expect(used).toEqual(new Set(['plain', 'other']));
  });
});
