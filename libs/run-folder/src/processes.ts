/** Which processes live: what a lock needs to know to tell a running owner from one that was killed. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process, so that another one with the same number is not mistaken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Names one start of the machine; empty where the system has no such name. */
  readonly boot: string;
  /** Names the processes among which its number means it, a container's for instance; empty where there is no such name. */
  readonly space: string;
  /** When the process started, in the system's own unit; empty where the system does not tell. */
  readonly started: string;
}

/** The processes of this machine. */
export interface ProcessTable {
  readonly self: ProcessIdentity;
  /** Start of a living process, empty if nobody says when, undefined if there is none of that number. */
  readonly startOf: (pid: number) => string | undefined;
}

/** The real processes: `/proc` where there is one, else whether a signal could be sent. */
export function systemProcesses(): ProcessTable {
  const boot = readOr('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  const started = startOf(process.pid) ?? '';
  return { self: { pid: process.pid, host: hostname(), boot, space: spaceOr(''), started }, startOf };
}

function startOf(pid: number): string | undefined {
  const stat = readOr(`/proc/${pid}/stat`);
  // Other users' processes may be hidden.
  if (stat === undefined) return signalled(pid);
  // proc(5): the name in parentheses may hold anything; after it come state (3rd field) ... start time (22nd).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie holds no file and does nothing more; its parent just has not asked for it yet.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function signalled(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? undefined : '';
  }
}

function spaceOr(none: string): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return none;
  }
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
