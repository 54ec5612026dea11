/**
 * What a process has used: processor seconds of all its threads and, where the system tells, of its main thread alone, and
 * resident memory.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const hasProc = existsSync('/proc/self/stat');
/** Linux counts processor time in hundredths of a second for every program. Source: proc(5), sysconf(3). */
const TICKS = 100;
const SAMPLE_MS = 50;

/** @returns processor seconds and resident MB; of the main thread, and at most so far, undefined where nobody counts. */
export function usageOf(pid) {
  return hasProc ? fromProc(pid) : fromPs(pid);
}

function fromProc(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const megabytes = (name) => (Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return {
    cpuSeconds: secondsIn(`/proc/${pid}/stat`),
    // The first thread has the process's own number.
    mainCpuSeconds: secondsIn(`/proc/${pid}/task/${pid}/stat`),
    rssMb: megabytes('VmRSS'),
    peakMb: megabytes('VmHWM'),
  };
}

function secondsIn(file) {
  const stat = readFileSync(file, 'latin1');
  // The second field is a name in parentheses that may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function fromPs(pid) {
  const [rss, time] = execFileSync('ps', ['-o', 'rss=,time=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const seconds = time.split(/[-:]/).reduce((total, part) => total * 60 + Number(part), 0);
  return { cpuSeconds: seconds, rssMb: (Number(rss) * 1024) / 1e6 };
}

/** Samples the resident memory of a process until `stop`, which gives all samples in MB. */
export function watchMemory(pid) {
  const samples = [usageOf(pid).rssMb];
  const timer = setInterval(() => samples.push(usageOf(pid).rssMb), SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return samples;
    },
  };
}
