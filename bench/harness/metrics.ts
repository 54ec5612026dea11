/** Metrics of a run, read over HTTP in the Prometheus text format while it goes on. */
import { setTimeout } from 'node:timers/promises';

/** Longer than this a process that may be starting or ending is not waited for. */
const LIMIT_MS = 10_000;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/gm;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** What one process told at one moment. */
export class Scrape {
  readonly #samples = new Map<string, Sample[]>();

  /** @param text in the Prometheus text format. */
  constructor(text: string) {
    for (const [, name, labels = '', value] of text.matchAll(SAMPLE)) {
      const pairs = [...labels.matchAll(LABEL)].map(([, label, content]) => [label, content] as const);
      const sample = { labels: Object.fromEntries(pairs), value: Number(value) };
      this.#samples.set(name, [...(this.#samples.get(name) ?? []), sample]);
    }
  }

  /** All samples of a metric. */
  all(name: string): readonly Sample[] {
    return this.#samples.get(name) ?? [];
  }

  /** The one sample of a metric with these labels; 0 if there is none yet. */
  value(name: string, labels: Labels = {}): number {
    const wanted = Object.entries(labels);
    return this.all(name).find((sample) => wanted.every(([key, value]) => sample.labels[key] === value))?.value ?? 0;
  }
}

/** Reads the metrics at a URL. @throws if nobody answers. */
export async function scrape(url: string, signal: AbortSignal): Promise<Scrape> {
  return new Scrape(await textAt(url, signal));
}

/** The text at a URL. @throws if nobody answers within a bound. */
export async function textAt(url: string | URL, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]) });
  return response.text();
}

export interface Following<T> {
  /** Ends it; resolves with what was read, oldest first. */
  stop(): Promise<readonly T[]>;
}

/**
 * Reads again and again until it is told to stop. A reading that fails is left out, for the process may be starting or
 * ending; so is one that is undefined.
 */
export function follow<T>(everyMs: number, read: (signal: AbortSignal) => Promise<T | undefined>): Following<T> {
  const readings: T[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const ended = (async () => {
    while (!signal.aborted) {
      const reading = await read(signal).catch(() => undefined);
      if (reading !== undefined) readings.push(reading);
      // Rejects when it is time to stop.
      await setTimeout(everyMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await ended;
      return readings;
    },
  };
}
