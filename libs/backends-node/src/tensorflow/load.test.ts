/** Needs the installed library: `gradcast doctor --install`. */
import { build } from 'esbuild';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../native/command.ts';
import { TENSORFLOW_VERSION } from '../native/wheels.ts';
import { isTensorflowInstalled } from './installed.ts';
import { loadTensorflow } from './load.ts';

/** What the program below prints. */
interface Report {
  /** Whether tfjs-core is one instance, however it was imported. */
  readonly sameCore: boolean;
  /** Seconds of processor time per second, while a product and while gradients are computed. */
  readonly cpuPerSecond: { readonly product: number; readonly gradient: number };
  readonly gradientSha256: string;
  readonly threadsOfProcess: number;
  /** How often the main loop turned while its thread computed. */
  readonly turns: number;
  readonly profile: { readonly threads: number; readonly libraryVersion: string; readonly mode: string };
}

function source(path: string): string {
  return JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
}

/** A process whose worker thread loads the library with argv[2] threads, multiplies and takes gradients for a while. */
const PROGRAM = `
import { loadBackend } from ${source('../choose/load-backend.ts')};
import { createEngine } from '@gradcast/engine';
import { ganTask, presets } from '@gradcast/gan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

async function compute() {
  const backend = await loadBackend('tensorflow', { threads: workerData });
  const core = createRequire(${JSON.stringify(import.meta.url)})('@tensorflow/tfjs-core');
  const a = tf.fill([700, 700], 0.001);
  let product = tf.matMul(a, a);
  const multiply = async () => {
    product = tf.tidy(() => tf.matMul(product, a));
    await product.data();
  };
  const model = ganTask(presets.mnist);
  const engine = createEngine(model, backend);
  engine.load(formulaParameters(model));
  const vector = new Float32Array(model.parameters.length + model.tail.length);
  const batch = formulaMicroBatch(model, 16);
  parentPort.postMessage({
    sameCore: core.engine() === tf.engine(),
    cpuPerSecond: {
      product: await cpuPerSecond(25, multiply),
      gradient: await cpuPerSecond(10, () => engine.gradient(batch, vector)),
    },
    gradientSha256: createHash('sha256').update(new Uint8Array(vector.buffer)).digest('hex'),
    threadsOfProcess: process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0,
    profile: backend.profile,
  });
}

async function cpuPerSecond(times, body) {
  await body();
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let i = 0; i < times; i += 1) await body();
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000 / (performance.now() - began);
}

if (isMainThread) {
  let turns = 0;
  setInterval(() => (turns += 1), 5).unref();
  new Worker(new URL(import.meta.url), { workerData: Number(process.argv[2]) }).once('message', (report) =>
    process.stdout.write(JSON.stringify({ ...report, turns })),
  );
} else await compute();
`;

let folder: string;
let entry: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-thread-'));
  entry = join(folder, 'program.mjs');
  const here = dirname(fileURLToPath(import.meta.url));
  await build({
    stdin: { contents: PROGRAM, resolveDir: here, loader: 'ts' },
    outfile: entry,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    plugins: [
      {
        // The bundle lies outside the repository: packages are named by where they are.
        name: 'packages-by-path',
        setup(builder) {
          builder.onResolve({ filter: /^@tensorflow\// }, ({ path }) => ({
            path: fileURLToPath(import.meta.resolve(path)),
            external: true,
          }));
          builder.onLoad({ filter: /libs\/backends-(node|web)\/src\/.*\.ts$/ }, async ({ path }) => {
            const source = await readFile(path, 'utf8');
            return { contents: source.replaceAll('import.meta.url', JSON.stringify(`file://${path}`)), loader: 'ts' };
          });
        },
      },
    ],
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the program without any of the variables that the library reads. */
async function runProgram(
  threads: number,
  settings: Record<string, string> = {},
): Promise<Report & { readonly stderr: string }> {
  const { PATH, HOME, GRADCAST_CACHE, XDG_CACHE_HOME } = process.env;
  const env = { PATH, HOME, GRADCAST_CACHE, XDG_CACHE_HOME, ...settings };
  const { stdout, stderr } = await run(process.execPath, [entry, String(threads)], { env, limitMs: 50_000 });
  return { ...(JSON.parse(stdout) as Report), stderr };
}

describe('loadTensorflow in a worker thread', () => {
  let one: Awaited<ReturnType<typeof runProgram>>;
  beforeAll(async () => {
    one = await runProgram(1);
  }, 60_000);

  it('computes on one thread while the main loop turns, and prints nothing', () => {
    const { turns, sameCore, stderr, profile, cpuPerSecond } = one;
    expect(turns).toBeGreaterThan(20);
    expect(sameCore).toBe(true);
    expect(stderr).toBe('');
    expect(cpuPerSecond.product).toBeLessThan(1.3);
    expect(cpuPerSecond.gradient).toBeLessThan(1.3);
    expect(profile).toMatchObject({ backend: 'tensorflow', device: 'cpu', threads: 1, mode: 'graph' });
    expect(profile.libraryVersion).toBe(TENSORFLOW_VERSION);
  });

  it('has as many threads as it was told, although its own process.env is a copy', async () => {
    const four = await runProgram(4);
    expect(four.profile.threads).toBe(4);
    expect(four.threadsOfProcess - one.threadsOfProcess).toBe(process.platform === 'linux' ? 3 : 0);
  });

  it('has the same gradient in every process', async () => {
    expect((await runProgram(1)).gradientSha256).toBe(one.gradientSha256);
  });

  it('computes op by op if told so', async () => {
    const { profile, stderr, gradientSha256 } = await runProgram(1, { GRADCAST_GRAPH: 'off' });
    expect([profile.mode, stderr]).toEqual(['eager', '']);
    expect(gradientSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('computes op by op where graphs do not work, and says why', async () => {
    const { profile, stderr } = await runProgram(1, { TMPDIR: join(folder, 'missing') });
    expect(profile.mode).toBe('eager');
    expect(stderr).toMatch(/^TensorFlow computes op by op, because graphs do not work here: ENOENT[^\n]*\n$/);
  });
});

describe('loadTensorflow in the main thread', () => {
  it('returns the same backend for the same settings and refuses others', async () => {
    const first = await loadTensorflow();
    expect(await loadTensorflow({ threads: 1 })).toBe(first);
    expect(first.profile.mode).toBe('graph');
    const eager = await loadTensorflow({ mode: 'eager' });
    expect([eager.profile.mode, eager.backend]).toEqual(['eager', first.backend]);
    await expect(loadTensorflow({ threads: 2 })).rejects.toMatchObject({ code: 'native-load-failed' });
  });
});

describe('loadTensorflow without a library', () => {
  it('is told from one with it', () => {
    expect(isTensorflowInstalled('cpu', folder)).toBe(false);
    expect(isTensorflowInstalled('cpu')).toBe(true);
  });
});
