/** Which backend computes: the one asked for by name, or the fastest that runs here. */
import { cacheFolder, type Environment } from '../native/cache.ts';
import { nativeError } from '../native/errors.ts';
import { isTensorflowInstalled } from '../tensorflow/installed.ts';
import { isSoftware, type LeaseSums, type ProbeReport } from './candidate.ts';
import { candidatesFor, CANDIDATES, factsOf, type BackendRequest, type Candidate, type Prober } from './candidates.ts';
import { listGpus, type Gpu, type GpuList, type GpuLister } from './gpus.ts';
import { processProber } from './probe.ts';
import { rememberingProber } from './remember.ts';

export interface ChooseOptions {
  readonly env?: Environment;
  readonly cache?: string;
  /** Program that runs one probe; see `processProber`. */
  readonly probeEntry?: string;
  readonly listGpus?: GpuLister;
  /** Replaces the child processes, for tests. */
  readonly probe?: Prober;
}

export interface ChosenBackend {
  readonly backend: string;
  /** What `loadBackend` takes. */
  readonly candidate: Candidate;
  /** `cpu`, `cuda:NAME`, `gpu:NAME` or `software:NAME`. */
  readonly device: string;
  /** GPUs to share among this host's workers; empty unless CUDA computes. */
  readonly gpus: readonly Gpu[];
  /** One line: what was taken, and why the better ones were not. */
  readonly sentence: string;
}

interface Refusal {
  readonly candidate: Candidate;
  readonly reason: string;
  readonly remedy: string;
}

/**
 * Chooses a backend. `auto` tries CUDA, WebGPU on hardware, the native library on the processor, and WebAssembly, in
 * that order; processors that play a GPU are used only when `webgpu` is asked for by name.
 *
 * @throws BackendError `backend-unavailable` if the one asked for by name cannot run; it is never replaced by another.
 */
export async function chooseBackend(request: BackendRequest, options: ChooseOptions = {}): Promise<ChosenBackend> {
  const { gpus, probe } = await prepare(options, request !== 'auto');
  const refusals: Refusal[] = [];
  for (const candidate of candidatesFor(request)) {
    const report = await probe(candidate);
    if (!report.ok) refusals.push({ candidate, reason: report.reason, remedy: report.remedy });
    else if (request === 'auto' && isSoftware(report)) refusals.push(softwareRefusal(candidate));
    else return chosen(candidate, report, refusals, gpus);
  }
  const last = refusals.at(-1)!;
  throw nativeError(
    'backend-unavailable',
    request === 'auto'
      ? `no backend runs here: ${listed(refusals)}`
      : `the backend ${request} cannot run here: ${last.reason}`,
    last.remedy,
  );
}

/** The driver's list and a prober that goes with it. */
async function prepare(options: ChooseOptions, named: boolean): Promise<{ gpus: GpuList; probe: Prober }> {
  const { env = process.env, cache = cacheFolder(env), probeEntry } = options;
  const gpus = await (options.listGpus ?? listGpus)(env);
  if (options.probe) return { gpus, probe: options.probe };
  const entry = probeEntry === undefined ? {} : { entry: probeEntry };
  return { gpus, probe: rememberingProber(processProber({ env, gpus, named, cache, ...entry }), gpus, cache) };
}

function softwareRefusal(candidate: Candidate): Refusal {
  return { candidate, reason: 'only a software adapter', remedy: `--backend ${candidate} uses it all the same` };
}

function listed(refusals: readonly Refusal[]): string {
  return refusals.map(({ candidate, reason }) => `${candidate}: ${reason}`).join('; ');
}

function chosen(
  candidate: Candidate,
  { device, libraryVersion }: ProbeReport & { ok: true },
  refusals: readonly Refusal[],
  gpus: GpuList,
): ChosenBackend {
  const { backend } = factsOf(candidate);
  const taken = `${backend} ${libraryVersion} on ${device}`;
  const sentence = refusals.length === 0 ? taken : `${taken} (${listed(refusals)})`;
  return { backend, candidate, device, gpus: candidate === 'cuda' ? gpus.gpus : [], sentence };
}

/** One row of `gradcast doctor`. */
export interface Diagnosis {
  readonly candidate: Candidate;
  readonly device: string;
  readonly available: boolean;
  /** Whether `auto` would take it. */
  readonly automatic: boolean;
  /** Why it is not available or not automatic; else the library's version. Of a GPU that is tuned also what that came to. */
  readonly reason: string;
  /** Empty when there is nothing to do. */
  readonly remedy: string;
  /** Of a backend that may add the leaves of a lease on its device. */
  readonly leases?: LeaseSums;
  /** Of a GPU that parameters go up to over a bus: whether they do so from pinned memory. */
  readonly pinned?: boolean;
}

export interface DiagnosisTable {
  readonly rows: readonly Diagnosis[];
  readonly gpus: GpuList;
  /** CUDA is installed and an NVIDIA driver is present, but TensorFlow cannot use any GPU: something is broken. */
  readonly brokenCuda: boolean;
}

/** Probes every candidate afresh. Never throws for what it finds. */
export async function diagnose(options: ChooseOptions = {}): Promise<DiagnosisTable> {
  const { env = process.env, cache = cacheFolder(env), probeEntry } = options;
  const gpus = await (options.listGpus ?? listGpus)(env);
  const entry = probeEntry === undefined ? {} : { entry: probeEntry };
  const probe = options.probe ?? processProber({ env, gpus, named: true, details: true, cache, ...entry });
  const rows = await Promise.all(
    CANDIDATES.map(async (candidate) => {
      const report = await probe(candidate);
      return rowOf(candidate, report, await tuningOf(candidate, report, cache));
    }),
  );
  const cuda = rows.find(({ candidate }) => candidate === 'cuda')!;
  const hidden = env['CUDA_VISIBLE_DEVICES'] !== undefined && gpus.gpus.length === 0;
  const brokenCuda = gpus.driver && !hidden && !cuda.available && isTensorflowInstalled('cuda', cache);
  return { rows, gpus, brokenCuda };
}

/** Undefined for what is not tuned, and for a processor that plays a GPU, which is tuned only if somebody asks for it. */
async function tuningOf(candidate: Candidate, report: ProbeReport, cache: string): Promise<string | undefined> {
  const { tuning } = factsOf(candidate);
  if (!report.ok || !tuning) return undefined;
  const { device, features = '' } = report;
  return (await tuning({ device, features }, cache)) ?? (isSoftware(report) ? undefined : 'not tuned yet');
}

function rowOf(candidate: Candidate, report: ProbeReport, tuning: string | undefined): Diagnosis {
  const { backend, device } = factsOf(candidate);
  if (!report.ok) {
    return { candidate, device, available: false, automatic: false, reason: report.reason, remedy: report.remedy };
  }
  const software = isSoftware(report) ? softwareRefusal(candidate) : undefined;
  const reason = software?.reason ?? `${backend} ${report.libraryVersion}`;
  return {
    candidate,
    device: report.device,
    available: true,
    automatic: !software,
    reason: tuning === undefined ? reason : `${reason}, ${tuning}`,
    remedy: software?.remedy ?? '',
    ...(report.leases && { leases: report.leases }),
    ...(report.pinned !== undefined && { pinned: report.pinned }),
  };
}
