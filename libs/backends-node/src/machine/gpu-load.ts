/**
 * How busy and how full NVIDIA's GPUs are, as their driver's `nvidia-smi` tells.
 *
 * Source of the format: its manual (`nvidia-smi --help-query-gpu`): comma-separated, memory in MiB, utilization in percent,
 * words in brackets where a GPU does not tell.
 */
import type { Environment } from '../native/cache.ts';
import { run } from '../native/command.ts';

/** A GPU at one moment; undefined what its driver does not tell. */
export interface GpuLoad {
  /** As `nvidia-smi` counts. */
  readonly index: number;
  /** Share of the last moment in which a kernel ran, 0 to 1. */
  readonly utilization: number | undefined;
  readonly usedBytes: number | undefined;
  readonly sizeBytes: number | undefined;
}

const QUESTION = ['--query-gpu=index,utilization.gpu,memory.used,memory.total', '--format=csv,noheader,nounits'];
const LIMIT_MS = 10_000;
/** More than a machine has. */
const MOST_GPUS = 64;
const MIB = 2 ** 20;
/** 16 TiB of memory. */
const MOST_MIB = 2 ** 24;

/** Asks the driver once; undefined if it has no `nvidia-smi`, empty if that tells nothing this time. */
export async function gpuLoads(env: Environment): Promise<readonly GpuLoad[] | undefined> {
  const { code, stdout } = await run('nvidia-smi', QUESTION, { env, limitMs: LIMIT_MS });
  if (code === 127) return undefined;
  return code === 0 ? gpuLoadsIn(stdout) : [];
}

/** What was printed, GPU by GPU; lines of another form are left out. */
export function gpuLoadsIn(printed: string): GpuLoad[] {
  const loads = new Map<number, GpuLoad>();
  for (const line of printed.split('\n')) {
    const fields = line.split(',').map((field) => field.trim());
    const [index, percent, used, size] = fields.map(numberIn);
    if (fields.length !== 4 || index === undefined || !Number.isInteger(index) || index >= MOST_GPUS) continue;
    loads.set(index, {
      index,
      utilization: atMost(percent, 100, 1 / 100),
      usedBytes: atMost(used, MOST_MIB, MIB),
      sizeBytes: atMost(size, MOST_MIB, MIB),
    });
  }
  return [...loads.values()];
}

function numberIn(field: string): number | undefined {
  return /^\d{1,9}(\.\d{1,3})?$/.test(field) ? Number(field) : undefined;
}

function atMost(value: number | undefined, most: number, unit: number): number | undefined {
  return value !== undefined && value <= most ? value * unit : undefined;
}
