/** The machine: what a reader must know of it to place a number, and the two cores that contestants share. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { delimiter, join } from 'node:path';
import { round } from './statistics.ts';

export interface MachineDescription {
  readonly cpu: string | undefined;
  readonly cores: number;
  readonly node: string;
  /** Of the last minute. */
  readonly loadAverage: number;
}

/** What a reader must know of the machine to place a number. */
export function machine(): MachineDescription {
  const cpu = cpus().at(0)?.model;
  return { cpu, cores: availableParallelism(), node: process.version, loadAverage: round(loadavg()[0]) };
}

/**
 * The two cores that every contestant's processes may use, coordinators included, and no others: a contestant with more
 * processes or threads than workers gets nothing extra for them. Which worker runs where is the scheduler's choice.
 * Undefined where processes cannot be confined: not on Linux, or without `taskset`.
 */
export function twoCores(): readonly number[] | undefined {
  if (process.platform !== 'linux' || !isOnPath('taskset')) return undefined;
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (list === undefined) return undefined;
  const allowed = coresIn(list);
  // Two hardware threads of one core are no two cores.
  const firstOfEach = allowed.filter((core) => siblingsOf(core).find((other) => allowed.includes(other)) === core);
  return [...new Set([...firstOfEach, ...allowed])].slice(0, 2);
}

/** `0-2,5` as numbers. */
export function coresIn(list: string): readonly number[] {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function siblingsOf(core: number): readonly number[] {
  try {
    return coresIn(readFileSync(`/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`, 'utf8').trim());
  } catch {
    return [core];
  }
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Ports on loopback that nobody uses. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', resolve);
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
}
