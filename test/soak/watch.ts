/** Reads a coordinator and a worker every ten seconds, and asks the coordinator's probe how quickly it answers. */
import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { held, told } from './readings.ts';
import type { Reading } from './readings.ts';

const READ_MS = 10_000;
const PROBE_MS = 250;
/** A probe that takes longer counts as this long. */
const PROBE_PATIENCE_MS = 10_000;

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
  readonly #timers: NodeJS.Timeout[];

  constructor(processes: Readonly<Record<string, Watched>>, healthUrl: string) {
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
    const probe = () => void answerMs(healthUrl).then((ms) => this.probes.push(ms));
    this.#timers = [setInterval(read, READ_MS), setInterval(probe, PROBE_MS)];
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
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

/** A connection of its own for each, as a probe of Kubernetes opens one. */
function answerMs(url: string): Promise<number> {
  const since = performance.now();
  return new Promise((resolve) => {
    const asked = request(url, { agent: false, timeout: PROBE_PATIENCE_MS }, (response) => {
      const ms = performance.now() - since;
      response.resume().once('end', () => resolve(response.statusCode === 200 ? ms : PROBE_PATIENCE_MS));
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer')));
    asked.once('error', () => resolve(PROBE_PATIENCE_MS)).end();
  });
}
