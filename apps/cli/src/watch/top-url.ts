/**
 * What `top` shows of a coordinator anywhere, by its metrics port: `/metrics` and `/targets`. Speeds and shares come from two looks,
 * so the first has none.
 */
import { RUN_STATES } from '@gradcast/config';
import { printable } from '@gradcast/protocol';
import { finiteOrNull, PHASES, sumPhases } from '@gradcast/watching';
import type { PhaseSeconds } from '@gradcast/watching';
import { OperateError } from '../control-client.ts';
import { prometheusSamples } from './prometheus-text.ts';
import type { Labels, Sample } from './prometheus-text.ts';
import { isFinal } from './run-files.ts';
import { showScore } from './runs.ts';
import { topPhases } from './top-phases.ts';
import type { TopCurve, TopSource, TopView, TopWorker } from './top-view.ts';

export type Fetch = (url: string) => Promise<string>;

const PREFIX = 'gradcast_';
const PATIENCE_MS = 2_000;
/** A coordinator with a thousand workers has one megabyte. */
const MOST_BYTES = 2 ** 23;
/** Points of a curve, one a look. */
const KEPT = 512;
const NAME_LIMIT = 120;

/** Asks by HTTP. @throws Error for anything but a whole answer with 200 in time. */
export async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) });
  if (response.status !== 200 || !response.body) throw new Error(`the answer was ${response.status}`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new Error('the answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

interface Scrape {
  readonly at: number;
  readonly samples: readonly Sample[];
  readonly backends: ReadonlyMap<string, string>;
}

export class UrlSource implements TopSource {
  readonly #base: string;
  readonly #now: () => number;
  readonly #fetch: Fetch;
  readonly #curves = new Map<string, number[]>();
  #before: Scrape | undefined;
  #view: TopView | undefined;

  /** @param now milliseconds since 1970. */
  constructor(url: string, now: () => number, fetch: Fetch = fetchText) {
    const { origin, pathname } = new URL(url);
    this.#base = `${origin}${pathname.replace(/\/(metrics)?$/, '')}`;
    this.#now = now;
    this.#fetch = fetch;
  }

  /** @throws OperateError `run-not-answering` if it never answered, or is no coordinator. */
  async look(): Promise<TopView> {
    const now = this.#now();
    let scrape: Scrape;
    try {
      const samples = prometheusSamples(await this.#fetch(`${this.#base}/metrics`), PREFIX);
      if (!samples.some(({ name }) => name === `${PREFIX}run_state`)) throw new Error('it is no coordinator of a run');
      scrape = { at: now, samples, backends: await this.#targets() };
    } catch (cause) {
      const why = reasonOf(cause);
      if (!this.#view) {
        const sentence = `${this.#base} does not answer as a coordinator does (${why})`;
        throw new OperateError('run-not-answering', sentence, { cause });
      }
      const seconds = ((now - (this.#before?.at ?? now)) / 1000).toFixed(0);
      return { ...this.#view, stale: `${this.#base} has not answered for ${seconds} s (${why})` };
    }
    this.#view = this.#viewOf(scrape, this.#before);
    this.#before = scrape;
    return this.#view;
  }

  async #targets(): Promise<Map<string, string>> {
    const text = await this.#fetch(`${this.#base}/targets`).catch(() => '[]');
    const backends = new Map<string, string>();
    try {
      for (const target of JSON.parse(text) as readonly { labels?: { worker?: unknown; backend?: unknown } }[]) {
        const { worker, backend } = target.labels ?? {};
        if (typeof worker === 'string' && typeof backend === 'string') backends.set(worker, backend);
      }
    } catch {
      // What is no list names no backends.
    }
    return backends;
  }

  #viewOf(scrape: Scrape, before: Scrape | undefined): TopView {
    const value = (name: string, labels: Labels = {}, of = scrape) => valueOf(of.samples, name, labels);
    const seconds = before ? (scrape.at - before.at) / 1000 : 0;
    const images = before ? value('images_total') - value('images_total', {}, before) : NaN;
    const speed = seconds > 0 && images >= 0 ? images / seconds : null;
    const state = RUN_STATES.find((name) => value('run_state', { state: name }) === 1) ?? 'unknown';
    for (const { name, labels, value: loss } of scrape.samples) {
      if (name === `${PREFIX}loss`) this.#hear(`loss ${labels['network'] ?? '?'}`, loss);
    }
    if (speed !== null) this.#hear('images/s', speed);
    return {
      title: this.#base,
      state,
      step: finiteOrNull(value('steps_total')),
      steps: null,
      imagesPerSecond: speed,
      etaSeconds: null,
      curves: [...this.#curves].map(([name, values]): TopCurve => ({ name, values })),
      workers: workersOf(scrape, before),
      aboutWorkers: countsOf(scrape.samples),
      score: scoreOf(scrape.samples),
      phases: before ? topPhases({ phases: phasesBetween(scrape, before), workers: [], leaves: NaN }) : null,
      asOf: scrape.at,
      stale: null,
      isOver: isFinal(state),
      grid: null,
    };
  }

  #hear(title: string, value: number): void {
    const name = printable(title, NAME_LIMIT);
    const values = this.#curves.get(name) ?? [];
    values.push(value);
    if (values.length > KEPT) values.shift();
    this.#curves.set(name, values);
  }
}

/** NaN if there is none. */
function valueOf(samples: readonly Sample[], name: string, labels: Labels): number {
  const wanted = Object.entries(labels);
  const found = samples.find(
    (sample) => sample.name === PREFIX + name && wanted.every(([key, value]) => sample.labels[key] === value),
  );
  return found?.value ?? NaN;
}

/** Those whose leases came back, by how many did since the look before. */
function workersOf({ samples, backends }: Scrape, before: Scrape | undefined): TopWorker[] {
  const counts = samples.filter(({ name }) => name === `${PREFIX}lease_duration_seconds_count`);
  const news = counts.map(({ labels, value }) => {
    const was = before ? valueOf(before.samples, 'lease_duration_seconds_count', labels) : NaN;
    return { name: labels['worker'] ?? '?', leases: value - (Number.isFinite(was) ? was : 0) };
  });
  const all = news.reduce((sum, { leases }) => sum + leases, 0);
  return news.map(({ name, leases }) => ({
    name: printable(name, NAME_LIMIT),
    role: null,
    backend: backends.has(name) ? printable(backends.get(name)!, NAME_LIMIT) : null,
    device: null,
    state: null,
    share: all > 0 ? leases / all : null,
    imagesPerSecond: null,
  }));
}

/** Where the time of the steps that closed between two looks went. */
function phasesBetween({ samples }: Scrape, before: Scrape): PhaseSeconds {
  const seconds = (phase: string, of: readonly Sample[]) =>
    finiteOrNull(valueOf(of, 'step_phase_duration_seconds_sum', { phase })) ?? 0;
  const grown = (phase: string) => Math.max(0, seconds(phase, samples) - seconds(phase, before.samples));
  return { ...sumPhases([]), ...Object.fromEntries(PHASES.map((phase) => [phase, grown(phase)])) };
}

function countsOf(samples: readonly Sample[]): string {
  const counts = samples
    .filter(({ name, value }) => name === `${PREFIX}workers` && value > 0)
    .map(({ labels, value }) => `${value} ${printable(labels['state'] ?? '?', NAME_LIMIT)}`);
  return `${counts.length === 0 ? 'no worker' : counts.join(', ')}; shares of the leases since the look before`;
}

function scoreOf(samples: readonly Sample[]): string | null {
  const frechet = valueOf(samples, 'quality', { score: 'frechet' });
  if (Number.isFinite(frechet)) return showScore({ name: 'frechet', value: frechet, step: null });
  const accuracy = valueOf(samples, 'score', { score: 'accuracy' });
  return Number.isFinite(accuracy) ? showScore({ name: 'accuracy', value: accuracy, step: null }) : null;
}

function reasonOf(error: unknown): string {
  const { message, cause, name } = error as Error & { cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return `nothing came for ${PATIENCE_MS / 1000} s`;
  return printable(cause?.code ?? message, NAME_LIMIT);
}
