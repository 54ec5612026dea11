/** What a process holds while it runs, read again and again, and whether that grows. */
import { readdirSync, readFileSync } from 'node:fs';

/** One reading. What the system or the process does not say is undefined. */
export interface Reading {
  /** Seconds since the soak began. */
  readonly at: number;
  /** Resident memory in megabytes. */
  readonly megabytes?: number | undefined;
  /** Open descriptors. */
  readonly descriptors?: number | undefined;
  /** Timers that wait. */
  readonly timers?: number | undefined;
  /** Objects of JavaScript, in megabytes. */
  readonly heapMegabytes?: number | undefined;
}

export type Quantity = Exclude<keyof Reading, 'at'>;

export interface Growth {
  readonly quantity: Quantity;
  /** Units in an hour, by least squares over all but the first fifth, in which caches fill. */
  readonly slope: number;
  /** Tenth percentile of the second and of the last fifth: what is held when little else is going on. */
  readonly before: number;
  readonly after: number;
  readonly most: number;
}

/** Resident memory and open descriptors of a process on Linux; empty elsewhere, or once it has ended. */
export function held(pid: number): Pick<Reading, 'megabytes' | 'descriptors'> {
  try {
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return { megabytes: Number(kilobytes) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return {};
  }
}

/** What a metrics page says of timers and objects. */
export function told(page: string): Pick<Reading, 'timers' | 'heapMegabytes'> {
  const value = (pattern: RegExp) => {
    const found = pattern.exec(page);
    return found ? Number(found[1]) : undefined;
  };
  const heap = value(/^nodejs_heap_size_used_bytes (\S+)/m);
  return {
    timers: value(/^nodejs_active_resources\{type="Timeout"\} (\S+)/m) ?? 0,
    heapMegabytes: heap === undefined ? undefined : heap / 2 ** 20,
  };
}

/** @returns undefined for fewer than ten readings of it. */
export function growthOf(readings: readonly Reading[], quantity: Quantity): Growth | undefined {
  const points = readings.flatMap((reading) => {
    const value = reading[quantity];
    return value === undefined ? [] : [{ at: reading.at, value }];
  });
  if (points.length < 10) return undefined;
  const fifth = Math.floor(points.length / 5);
  const settled = points.slice(fifth);
  return {
    quantity,
    slope: slopeOf(settled) * 3600,
    before: tenth(settled.slice(0, fifth)),
    after: tenth(settled.slice(-fifth)),
    most: Math.max(...points.map(({ value }) => value)),
  };
}

/** How much of a quantity may be gained without being a leak: noise of a heap, a few sockets that are just closing. */
const SLACK: Record<Quantity, (before: number) => number> = {
  megabytes: (before) => before * 0.05 + 16,
  heapMegabytes: (before) => before * 0.25 + 16,
  descriptors: () => 4,
  timers: () => 8,
};

/** Whether more is held at the end than noise explains. */
export function leaks({ quantity, before, after }: Growth): boolean {
  return after > before + SLACK[quantity](before);
}

/** Least squares, units in a second. */
function slopeOf(points: readonly { readonly at: number; readonly value: number }[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [at, value] = [mean(points.map((point) => point.at)), mean(points.map((point) => point.value))];
  const across = points.reduce((sum, point) => sum + (point.at - at) * (point.value - value), 0);
  return across / points.reduce((sum, point) => sum + (point.at - at) ** 2, 0);
}

function tenth(points: readonly { readonly value: number }[]): number {
  const sorted = points.map(({ value }) => value).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 10)];
}
