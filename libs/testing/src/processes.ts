/**
 * The processes of this machine, as a test needs them: who descends from whom, and who is gone. A process that has ended
 * but was not collected by its parent (a zombie) counts as gone.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** One process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** Program and arguments. */
  readonly command: string;
}

/** All running processes: from `/proc` where there is one, else from `ps`. */
export function runningProcesses(): ProcessInfo[] {
  return existsSync('/proc/self/stat') ? fromProc() : fromPs();
}

/** The running processes started by `pid`, by those that it started, and so on. */
export function descendantsOf(pid: number): ProcessInfo[] {
  const all = runningProcesses();
  const childrenOf = (parent: number): ProcessInfo[] => {
    const children = all.filter((each) => each.parent === parent);
    return [...children, ...children.flatMap((child) => childrenOf(child.pid))];
  };
  return childrenOf(pid);
}

/** Those of `pids` that still run. */
export function stillRunning(pids: readonly number[]): number[] {
  const running = new Set(runningProcesses().map(({ pid }) => pid));
  return pids.filter((pid) => running.has(pid));
}

/** How often {@link allGone} looks: the end of a process that is not one's own child has no event. */
const LOOK_MS = 20;

/**
 * Resolves when none of `pids` runs any more.
 *
 * @throws Error naming those that still run after `seconds`.
 */
export function allGone(pids: readonly number[], seconds = 10): Promise<void> {
  return new Promise((resolve, reject) => {
    let looks = Math.ceil((seconds * 1000) / LOOK_MS);
    const look = () => {
      const left = runningProcesses().filter(({ pid }) => pids.includes(pid));
      if (left.length === 0) return resolve();
      if (looks-- > 0) return void setTimeout(look, LOOK_MS);
      reject(new Error(`still running: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`));
    };
    look();
  });
}

/** Reads `/proc/PID/stat` and `/proc/PID/cmdline` of every process. Source: proc(5). */
export function fromProc(): ProcessInfo[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        // The second field is a name in parentheses that may hold anything, parentheses too.
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (state === 'Z' || state === 'X') return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), parent: Number(parent), command }];
      } catch {
        // It ended between the listing and the look.
        return [];
      }
    });
}

/** Reads `ps -A`. Source: POSIX, ps. */
export function fromPs(): ProcessInfo[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state=,args='], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s*(.*)$/.exec(line);
    if (!match) return [];
    const [, pid, parent, state, command] = match;
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
