/**
 * Several WebGPU workers on one device end with the bits of one, and the run says that it is exact; with a worker of another backend
 * beside one of them it says that it is not. Minutes where a processor plays the GPU: `npm run test:gpu`.
 */
import { hashesOf, readEvents, readLedgerSteps, readSummary, runsIn, Workbench } from '@gradcast/testing';
import type { Summary } from '@gradcast/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { gpuMachine } from '../../bin/gpu-machine.mjs';

/** One image a leaf, so that a step is short; two leaves for each of two workers, which they add on the device. */
const RUN = '--preset classifier --steps 3 --seed 3 --micro-batches 4 --global-batch 4 --no-samples';
/** Of a run; a software renderer compiles for half a minute. */
const SECONDS = 500;
const LIMIT_MS = 3 * SECONDS * 1000;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.create();
});
afterEach(() => bench.endProcesses());
afterAll(() => bench.remove());

interface Trained {
  readonly summary: Summary;
  /** What the command printed. */
  readonly said: string;
  /** Workers whose results were used, and the numeric profiles of all who joined. */
  readonly workers: ReadonlySet<string>;
  readonly profiles: ReadonlySet<unknown>;
}

/** A run of workers that begins when all are there, as users have it on several machines. */
async function train(out: string, backends: readonly string[]): Promise<Trained> {
  const coordinator = bench.start(
    `coordinator ${RUN} --min-workers ${backends.length} --port 0 --metrics-port 0 --out ${out}`,
  );
  const line = await coordinator.said(/^coordinator at ws:/);
  const url = /ws:\/\/[\d.:]+/.exec(line)![0];
  const env = gpuMachine?.env;
  const workers = backends.map((backend) =>
    bench.start(`worker --coordinator ${url} --backend ${backend} --tune never --metrics-port 0`, env),
  );
  const { code, stdout, stderr } = await coordinator.ended(SECONDS);
  expect(code, stderr).toBe(0);
  for (const worker of workers) expect((await worker.ended()).code).toBe(0);
  const [run] = await runsIn(bench.path(out));
  const results = (await readLedgerSteps(run)).flatMap((step) => step.results);
  const used = results.filter(({ outcome }) => outcome === 'accepted').map(({ worker }) => worker);
  const joined = (await readEvents(run)).filter(({ type }) => type === 'joined');
  return {
    summary: await readSummary(run),
    said: stdout,
    workers: new Set(used),
    profiles: new Set(joined.map(({ profile }) => profile)),
  };
}

describe.skipIf(!gpuMachine)(`on ${gpuMachine?.isHardware ? 'a GPU' : 'a software renderer'}`, () => {
  it('two WebGPU workers have the bits of one', { timeout: LIMIT_MS }, async () => {
    const one = await train('one', ['webgpu']);
    const two = await train('two', ['webgpu', 'webgpu']);
    expect([one, two].map(({ workers }) => workers.size)).toEqual([1, 2]);
    expect(one.profiles).toEqual(two.profiles);
    expect(two.summary).toMatchObject({ status: 'completed', steps: 3, backend: 'webgpu', exact: true });
    expect(hashesOf(two.summary)).toEqual(hashesOf(one.summary));
    expect(two.said).not.toMatch(/^exact /m);
  });

  it(
    'a WebGPU and a WASM worker train together, and the run says that it is not exact',
    { timeout: LIMIT_MS },
    async () => {
      const { summary, said, workers, profiles } = await train('mixed', ['webgpu', 'wasm']);
      expect([workers.size, profiles.size]).toEqual([2, 2]);
      expect(summary).toMatchObject({ status: 'completed', steps: 3, workers: 2, exact: false });
      expect(said).toMatch(/^exact {7}no: workers of unlike numeric profiles/m);
    },
  );
});
