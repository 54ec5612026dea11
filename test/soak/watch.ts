/** Reads a coordinator and a worker every ten seconds, and asks the coordinator's probe how quickly it answers. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { repository } from '@gradcast/testing';
import { held, told } from './readings.ts';
import type { Reading } from './readings.ts';

const READ_MS = 10_000;
/** A probe may wait for so long at most. */
export const PROBE_LIMIT_MS = 100;

export interface Watched {
  readonly pid: number;
  /** Address of its metrics page, if it has one. */
  readonly metricsUrl: string | undefined;
}

export class Watch {
  /** By name of the process. */
  readonly readings = new Map<string, Reading[]>();
  /** Milliseconds that `/healthz` took, each. */
  readonly probes: number[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #prober: ChildProcess;

  /** @param say is told of each answer that took too long. */
  constructor(processes: Readonly<Record<string, Watched>>, healthUrl: string, say: (line: string) => void) {
    const since = performance.now();
    for (const name of Object.keys(processes)) this.readings.set(name, []);
    const read = () => {
      const at = (performance.now() - since) / 1000;
      for (const [name, each] of Object.entries(processes)) {
        void page(each.metricsUrl).then((text) => {
          this.readings.get(name)!.push({ at, ...held(each.pid), ...(text === undefined ? {} : told(text)) });
        });
      }
    };
    this.#timer = setInterval(read, READ_MS).unref();
    this.#prober = fork(join(repository, 'test', 'soak', 'prober.mjs'), [healthUrl]);
    this.#prober.unref();
    this.#prober.channel?.unref();
    this.#prober.on('message', (ms: number) => {
      this.probes.push(ms);
      if (ms > PROBE_LIMIT_MS) say(`/healthz took ${ms.toFixed(0)} ms`);
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#prober.disconnect();
  }
}

async function page(url: string | undefined): Promise<string | undefined> {
  if (url === undefined) return undefined;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(READ_MS) });
    return await response.text();
  } catch {
    // Read again in ten seconds; a process that stays silent has too few readings, which is told.
    return undefined;
  }
}
