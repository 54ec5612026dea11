/**
 * Trying a backend without risking the process: a wrong binary may die of SIGILL, a driver may hang. A child process
 * loads the backend, multiplies two small matrices and says on one line how it went.
 */
import * as tf from '@tensorflow/tfjs-core';
import { fileURLToPath } from 'node:url';
import { nativePaths, type Environment } from '../native/cache.ts';
import { run, type CommandResult } from '../native/command.ts';
import { BackendError, type LoadedBackend } from '@gradcast/engine';
import { thisMachine, wheelsFor } from '../native/wheels.ts';
import { complaintsIn, lacksLibraries } from '../tensorflow/words.ts';
import type { LeaseSums, ProbeReport } from './candidate.ts';
import { CANDIDATES, factsOf, type Candidate, type Prober } from './candidates.ts';
import type { Gpu, GpuList } from './gpus.ts';
import { loadBackend } from './load-backend.ts';

/** First word of the line that carries the report; everything else a library prints is skipped. */
const MARK = 'gradcast-probe ';

export interface ProbeOptions {
  readonly env: Environment;
  readonly gpus: GpuList;
  /** Whether the user asked for this backend by its name: then nothing is ruled out beforehand. */
  readonly named?: boolean;
  /** Whether it is also asked what only `doctor` shows, and what takes a kernel more. */
  readonly details?: boolean;
  /** Program that calls {@link runProbe}; defaults to `probe.mjs` beside the running bundle. */
  readonly entry?: string;
  /** Longest time for one probe. A GPU's first start compiles kernels. */
  readonly limitMs?: number;
  readonly os?: string;
  readonly cache?: string;
}

/** What the child is told. */
interface ProbeRequest {
  readonly candidate: Candidate;
  readonly gpu: Gpu | undefined;
  readonly details: boolean | undefined;
}

/** A prober that starts a child process for each candidate which is not hopeless. */
export function processProber(options: ProbeOptions): Prober {
  const { gpus, entry = fileURLToPath(new URL('probe.mjs', import.meta.url)), limitMs = 60_000 } = options;
  const env = options.cache === undefined ? options.env : { ...options.env, GRADCAST_CACHE: options.cache };
  return async (candidate) => {
    const { named = false, os = process.platform, cache } = options;
    const hopeless = factsOf(candidate).ruledOut({ gpus, named, os, cache });
    if (hopeless) return hopeless;
    // The choice between ways to run a step is the worker's: it may try XLA, which takes a while.
    const opByOp = candidate === 'cuda' ? { ...env, GRADCAST_GRAPH: 'off' } : env;
    const gpu = candidate === 'cuda' ? gpus.gpus[0] : undefined;
    const request = JSON.stringify({ candidate, gpu, details: options.details } satisfies ProbeRequest);
    const result = await run(process.execPath, [entry, request], { env: opByOp, limitMs });
    const report = inItsWords(readReport(candidate, result, limitMs), result);
    return candidate === 'cuda' ? blamed(report, options.cache) : report;
  };
}

function readReport(candidate: Candidate, result: CommandResult, limitMs: number): ProbeReport {
  const { remedy } = factsOf(candidate);
  if (result.timedOut) return { ok: false, reason: `did not answer in ${limitMs / 1000} s`, remedy };
  const line = result.stdout.split('\n').find((text) => text.startsWith(MARK));
  // A library that dies while the process ends has still computed: the report counts.
  if (line) return JSON.parse(line.slice(MARK.length)) as ProbeReport;
  const end = result.killedBy ? `of ${result.killedBy}` : `with exit code ${result.code ?? 'unknown'}`;
  const meaning = result.killedBy === 'SIGILL' ? ' (the binary uses instructions that this processor lacks)' : '';
  return { ok: false, reason: `its test process died ${end}${meaning}`, remedy };
}

/** Adds what the library itself complained of. */
function inItsWords(report: ProbeReport, { stderr }: CommandResult): ProbeReport {
  const words = report.ok ? '' : complaintsIn(stderr);
  if (report.ok || words === '') return report;
  return { ...report, reason: `${report.reason}; the library says: ${words}` };
}

/** Where libraries are missing neither driver nor device is to blame. */
function blamed(report: ProbeReport, cache: string | undefined): ProbeReport {
  if (report.ok || !lacksLibraries(report.reason)) return report;
  const { folder } = nativePaths(wheelsFor(thisMachine(), 'cuda'), cache);
  return { ...report, remedy: `remove ${folder} and run gradcast doctor --install --backend cuda` };
}

/**
 * The child's side: loads the backend named in `request`, computes, prints the report.
 *
 * @param request JSON as {@link processProber} passes it in argv.
 */
export async function runProbe(request: string, write: (line: string) => void): Promise<void> {
  const wanted = JSON.parse(request) as ProbeRequest;
  if (!CANDIDATES.includes(wanted.candidate)) throw new RangeError(`there is no backend ${wanted.candidate}`);
  write(`${MARK}${JSON.stringify(await tryBackend(wanted))}\n`);
}

async function byTensors(a: Float32Array, b: Float32Array): Promise<Float32Array> {
  return tf.matMul(tf.tensor2d(a, [2, 2]), tf.tensor2d(b, [2, 2])).data<'float32'>();
}

async function tryBackend({ candidate, gpu, details }: ProbeRequest): Promise<ProbeReport> {
  try {
    const backend = await loadBackend(candidate, { gpu });
    const { profile, multiply = byTensors } = backend;
    const a = Float32Array.of(1, 2, 3, 4);
    const product = await multiply(a, a);
    if (product.join() !== '7,10,15,22') {
      return { ok: false, reason: `multiplied wrongly: ${product.join(', ')}`, remedy: 'take another backend' };
    }
    const { device, libraryVersion, features } = profile;
    return { ok: true, device, libraryVersion, features, ...(details && (await detailsOf(backend))) };
  } catch (error) {
    if (error instanceof BackendError) return { ok: false, reason: error.message, remedy: error.remedy };
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, reason, remedy: 'take another backend' };
  }
}

/** What a backend tells of itself beyond its profile: nothing where it has nothing to tell. */
export async function detailsOf({
  sumRefusal,
  uploadsPinned,
}: Pick<LoadedBackend, 'sumRefusal' | 'uploadsPinned'>): Promise<{ leases?: LeaseSums; pinned?: boolean }> {
  const pinned = uploadsPinned?.();
  return { ...(sumRefusal && { leases: leaseSums(await sumRefusal()) }), ...(pinned !== undefined && { pinned }) };
}

function leaseSums(refusal: BackendError | undefined): LeaseSums {
  return refusal ? { onDevice: false, code: refusal.code, reason: refusal.message } : { onDevice: true };
}
