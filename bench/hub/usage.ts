/**
 * What a process has used: processor seconds of all its threads and, where the system tells, of its main thread alone, and
 * resident memory.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface Usage {
  readonly cpuSeconds: number;
  readonly rssMb: number;
  /** Of the main thread, and the most memory so far; absent where nobody counts. */
  readonly mainCpuSeconds?: number;
  readonly peakMb?: number;
}

const hasProc = existsSync('/proc/self/stat');
/** Linux counts processor time in hundredths of a second for every program. Source: proc(5), sysconf(3). */
const TICKS = 100;
const SAMPLE_MS = 50;

export function usageOf(pid: number): Usage {
  return hasProc ? fromProc(pid) : fromPs(pid);
}

function fromProc(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const megabytes = (name: string) => (Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return {
    cpuSeconds: secondsIn(`/proc/${pid}/stat`),
    // The first thread has the process's own number.
    mainCpuSeconds: secondsIn(`/proc/${pid}/task/${pid}/stat`),
    rssMb: megabytes('VmRSS'),
    peakMb: megabytes('VmHWM'),
  };
}

function secondsIn(file: string): number {
  const stat = readFileSync(file, 'latin1');
  // The second field is a name in parentheses that may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function fromPs(pid: number): Usage {
  const [rss, time] = execFileSync('ps', ['-o', 'rss=,time=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const seconds = time.split(/[-:]/).reduce((total, part) => total * 60 + Number(part), 0);
  return { cpuSeconds: seconds, rssMb: (Number(rss) * 1024) / 1e6 };
}

/** Samples the resident memory of a process until `stop`, which gives all samples in MB. */
export function watchMemory(pid: number): { readonly stop: () => readonly number[] } {
  const samples = [usageOf(pid).rssMb];
  const timer = setInterval(() => samples.push(usageOf(pid).rssMb), SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return samples;
    },
  };
}

/** What a process used between two readings, milliseconds of processor time a step. */
export function cpuPerStep(before: Usage, after: Usage, steps: number) {
  const all = { cpuMsPerStep: ((after.cpuSeconds - before.cpuSeconds) * 1000) / steps };
  if (before.mainCpuSeconds === undefined || after.mainCpuSeconds === undefined) return all;
  return { ...all, mainCpuMsPerStep: ((after.mainCpuSeconds - before.mainCpuSeconds) * 1000) / steps };
}
