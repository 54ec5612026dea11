/** Runs as folders, and what a command prints, for the tests of this folder. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXAMPLE } from '@gradcast/definition/example';
import type { Clock, Watching } from './watching.ts';

export const DEFINITION = { ...EXAMPLE, preset: 'mnist' };

/** Seconds since 1970 of the first event. */
export const BEGAN = 1_795_000_000;

export interface FakeRun {
  readonly config?: object | string;
  readonly summary?: object | string;
  readonly events?: readonly object[];
  readonly metrics?: readonly object[];
  readonly ledger?: readonly object[];
  /** What the newest file of its lock holds. */
  readonly lock?: string;
}

/** Makes a run folder. */
export async function fakeRun(path: string, run: FakeRun = {}): Promise<string> {
  const { config = { ...DEFINITION, length: { steps: 20 } }, summary, events, metrics, ledger, lock } = run;
  await mkdir(path, { recursive: true });
  await writeText(path, 'config.json', config);
  if (summary !== undefined) await writeText(path, 'summary.json', summary);
  if (events) await writeFile(join(path, 'events.jsonl'), linesOf(numbered(events)));
  if (metrics) await writeFile(join(path, 'metrics.jsonl'), linesOf(metrics));
  if (ledger) await writeFile(join(path, 'ledger.jsonl'), linesOf(ledger));
  if (lock !== undefined) {
    await mkdir(join(path, 'lock'), { recursive: true });
    await writeFile(join(path, 'lock', '1'), lock);
  }
  return path;
}

/** A lock whose owner lives: this process, which another machine seems to have. */
export const HELD = JSON.stringify({ pid: 1, host: 'another', boot: 'b', started: '1', space: 's', beatMs: 2000 });
export const RELEASED = 'released\n';

/** The heart of a lock beats now. */
export async function beat(path: string): Promise<void> {
  await writeFile(join(path, 'lock', '1.beat'), '000000000000001');
}

async function writeText(path: string, name: string, content: object | string): Promise<void> {
  await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content));
}

export function numbered(events: readonly object[], after = 0): object[] {
  return events.map((event, i) => ({ ...event, seq: after + i + 1, time: BEGAN + after + i }));
}

export function linesOf(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

export const state = (to: string, from = 'running') => ({
  type: 'state',
  from,
  to,
  pausing: false,
  cause: { kind: 'over' },
});
export const closed = (step: number) => ({ type: 'step-closed', step, skipped: false, seconds: 0.5 });
export const joined = (name: string) => ({
  type: 'joined',
  name,
  role: 'trusted',
  backend: 'wasm',
  device: 'cpu',
  profile: '',
});

/** A stream that remembers, and the rest of what a command is given. */
export function watching(options: Partial<Omit<Watching, 'stdout' | 'stderr'>> & { readonly terminal?: object } = {}) {
  const said = { out: '', err: '' };
  const { terminal = {}, ...rest } = options;
  const around: Watching = {
    stdout: { write: (text: string) => (said.out += text), ...terminal },
    stderr: { write: (text: string) => (said.err += text) },
    environment: {},
    clock: SOON,
    signal: new AbortController().signal,
    ...rest,
  };
  return { said, around };
}

/** Pauses end as soon as everything else has had its turn. */
const SOON: Clock = {
  now: () => Date.now(),
  pause: () => new Promise((resolve) => setImmediate(resolve)),
};
