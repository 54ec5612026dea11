/** Needs the installed library: `gradcast doctor --install`. */
import { build } from 'esbuild';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../native/command.ts';
import { TENSORFLOW_VERSION } from '../native/wheels.ts';
import { isTensorflowInstalled, loadTensorflow } from './load.ts';

/** What the program below prints. */
interface Report {
  /** Whether tfjs-core is one instance, however it was imported. */
  readonly sameCore: boolean;
  /** Seconds of processor time per second. */
  readonly cpuPerSecond: number;
  readonly threadsOfProcess: number;
  /** How often the main loop turned while its thread computed. */
  readonly turns: number;
  readonly profile: { readonly threads: number; readonly libraryVersion: string };
}

/** A process whose worker thread loads the library with argv[2] threads and multiplies for a while. */
const PROGRAM = `
import { loadTensorflow } from ${JSON.stringify(fileURLToPath(new URL('load.ts', import.meta.url)))};
import * as tf from '@tensorflow/tfjs-core';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

async function compute() {
  const { profile } = await loadTensorflow({ threads: workerData });
  const core = createRequire(${JSON.stringify(import.meta.url)})('@tensorflow/tfjs-core');
  const a = tf.fill([700, 700], 0.001);
  let product = tf.matMul(a, a);
  await product.data();
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let i = 0; i < 25; i += 1) product = tf.tidy(() => tf.matMul(product, a));
  await product.data();
  const wall = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  parentPort.postMessage({
    sameCore: core.engine() === tf.engine(),
    cpuPerSecond: (user + system) / 1000 / wall,
    threadsOfProcess: process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0,
    profile,
  });
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
          builder.onLoad({ filter: /libs\/compute\/src\/.*\.ts$/ }, async ({ path }) => {
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
async function runProgram(threads: number): Promise<Report & { readonly stderr: string }> {
  const { PATH, HOME, GRADCAST_CACHE, XDG_CACHE_HOME } = process.env;
  const env = { PATH, HOME, GRADCAST_CACHE, XDG_CACHE_HOME };
  const { stdout, stderr } = await run(process.execPath, [entry, String(threads)], { env, limitMs: 50_000 });
  return { ...(JSON.parse(stdout) as Report), stderr };
}

describe('loadTensorflow in a worker thread', () => {
  it('computes on one thread while the main loop turns, and prints nothing', async () => {
    const { turns, sameCore, stderr, profile, cpuPerSecond } = await runProgram(1);
    expect(turns).toBeGreaterThan(20);
    expect(sameCore).toBe(true);
    expect(stderr).toBe('');
    expect(cpuPerSecond).toBeLessThan(1.3);
    expect(profile).toMatchObject({ backend: 'tensorflow', device: 'cpu', threads: 1, mode: 'eager' });
    expect(profile.libraryVersion).toBe(TENSORFLOW_VERSION);
  });

  it('has as many threads as it was told, although its own process.env is a copy', async () => {
    const [one, four] = [await runProgram(1), await runProgram(4)];
    expect(four.profile.threads).toBe(4);
    expect(four.threadsOfProcess - one.threadsOfProcess).toBe(process.platform === 'linux' ? 3 : 0);
  });
});

describe('loadTensorflow in the main thread', () => {
  it('returns the same backend for the same settings and refuses others', async () => {
    const first = await loadTensorflow();
    expect(await loadTensorflow({ threads: 1 })).toBe(first);
    await expect(loadTensorflow({ threads: 2 })).rejects.toMatchObject({ code: 'native-load-failed' });
  });
});

describe('loadTensorflow without a library', () => {
  it('is told from one with it', () => {
    expect(isTensorflowInstalled('cpu', folder)).toBe(false);
    expect(isTensorflowInstalled('cpu')).toBe(true);
  });
});
