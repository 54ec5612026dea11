/** How long something took, by the clock and in processor time of this process with all its threads. */
import { performance } from 'node:perf_hooks';

export interface Timing {
  readonly ms: number;
  /** Other work on the machine disturbs it less than it does the clock. */
  readonly cpuMs: number;
}

/** Times `body` once. */
export async function timed(body: () => Promise<void> | void): Promise<Timing> {
  const before = process.cpuUsage();
  const begin = performance.now();
  await body();
  const ms = performance.now() - begin;
  return { ms, cpuMs: cpuMsSince(before) };
}

/** Milliseconds of processor time since a `process.cpuUsage()`. */
export function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
