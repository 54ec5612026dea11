/**
 * NVIDIA GPUs as the driver lists them, and which of them a worker may see.
 *
 * Worker i of a host with G GPUs sees only GPU i mod G: TensorFlow otherwise takes memory on all of them.
 */
import { existsSync } from 'node:fs';
import type { Environment } from '../native/cache.ts';
import { lastLines, run } from '../native/command.ts';

export interface Gpu {
  /** As `nvidia-smi` counts, which is the order of the PCI bus. */
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
}

export interface GpuList {
  /** Whether an NVIDIA driver is loaded, even one that lists no GPU. */
  readonly driver: boolean;
  readonly gpus: readonly Gpu[];
  /** Why the list is empty; empty when it is not. */
  readonly reason: string;
}

/** Asks the driver; injectable, so that tests need none. */
export type GpuLister = (env: Environment) => Promise<GpuList>;

const LIMIT_MS = 20_000;
const LINE = /^GPU (\d+): (.+) \(UUID: ([^)]+)\)$/;

/** Runs `nvidia-smi -L`, found on the environment's PATH; a missing one costs a few milliseconds. */
export const listGpus: GpuLister = async (env) => {
  const result = await run('nvidia-smi', ['-L'], { env, limitMs: LIMIT_MS });
  const kernelModule = existsSync('/proc/driver/nvidia/version');
  if (result.code === 127) {
    const reason = kernelModule ? 'an NVIDIA driver is loaded, but nvidia-smi is missing' : 'no NVIDIA driver';
    return { driver: kernelModule, gpus: [], reason };
  }
  if (result.code !== 0) {
    const why = result.timedOut ? `did not answer in ${LIMIT_MS / 1000} s` : `failed: ${lastLines(result, 1)}`;
    return { driver: true, gpus: [], reason: `nvidia-smi ${why}` };
  }
  const all = gpusIn(result.stdout);
  if (all.length === 0) return { driver: true, gpus: [], reason: 'the NVIDIA driver lists no GPU' };
  const gpus = visible(all, env['CUDA_VISIBLE_DEVICES']);
  const reason = gpus.length === 0 ? 'CUDA_VISIBLE_DEVICES hides every GPU' : '';
  return { driver: true, gpus, reason };
};

/** The GPUs in what `nvidia-smi -L` printed; their MIG slices are no GPUs of their own. */
export function gpusIn(printed: string): Gpu[] {
  return printed.split('\n').flatMap((line): Gpu[] => {
    const [, index, name, uuid] = LINE.exec(line.trim()) ?? [];
    return index && name && uuid ? [{ index: Number(index), name, uuid }] : [];
  });
}

/** CUDA's own rule: the list ends at the first entry that names no GPU. */
function visible(all: readonly Gpu[], variable: string | undefined): readonly Gpu[] {
  if (variable === undefined) return all;
  const chosen: Gpu[] = [];
  for (const entry of variable.split(',').map((part) => part.trim())) {
    const gpu = all.find(({ index, uuid }) => entry === String(index) || (entry !== '' && uuid.startsWith(entry)));
    if (!gpu) break;
    chosen.push(gpu);
  }
  return chosen;
}

/**
 * The GPU of a host's worker: `gpus[localIndex mod gpus.length]`.
 *
 * @throws RangeError if the index is not a non-negative integer.
 */
export function gpuOf(localIndex: number, gpus: readonly Gpu[]): Gpu | undefined {
  if (!Number.isInteger(localIndex) || localIndex < 0) throw new RangeError(`${localIndex} is no worker's index`);
  return gpus.length === 0 ? undefined : gpus[localIndex % gpus.length];
}
