/** What a run leaves behind, read for a test. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Summary } from '@gradcast/config';

export type { Summary };

/** A line of metrics.jsonl. */
export interface MetricsRecord {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** Images used since the run began. */
  readonly images: number;
  readonly loss_g: number;
  readonly loss_d: number;
  readonly d_x: number;
  readonly d_g_z: number;
  readonly workers: number;
}

/** The two digests that say whether two runs ended alike. */
export type Hashes = Pick<Summary, 'parametersSha256' | 'stateSha256'>;

export function hashesOf({ parametersSha256, stateSha256 }: Summary): Hashes {
  return { parametersSha256, stateSha256 };
}

/** Folders of the runs under `out`, oldest first. */
export async function runsIn(out: string): Promise<string[]> {
  return (await readdir(out)).sort().map((name) => join(out, name));
}

export async function readSummary(run: string): Promise<Summary> {
  return JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')) as Summary;
}

export async function readMetrics(run: string): Promise<MetricsRecord[]> {
  return (await linesOf(run, 'metrics.jsonl')) as MetricsRecord[];
}

/** A line of events.jsonl; what else it has follows from its type. */
export interface EventRecord {
  readonly type: string;
  readonly seq: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly step?: number;
  readonly to?: string;
  readonly worker?: string;
  readonly why?: string;
  readonly [name: string]: unknown;
}

export async function readEvents(run: string): Promise<EventRecord[]> {
  return (await linesOf(run, 'events.jsonl')) as EventRecord[];
}

async function linesOf(run: string, name: string): Promise<unknown[]> {
  const text = await readFile(join(run, name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** A line of ledger.jsonl about a step: which results came for it, in the order in which they came. */
export interface LedgerStep {
  readonly step: number;
  /** Present where an arbiter's value of another numeric profile took a worker's place. */
  readonly exact?: false;
  readonly results: readonly {
    readonly start: number;
    readonly size: number;
    readonly worker: string;
    readonly outcome: string;
    /** The session it came from, if that is a volunteer's. */
    readonly volunteer?: string;
    /** Milliseconds from the lease's grant to the result. */
    readonly ms: number;
  }[];
}

/** The steps in the ledger of a run; steps that were done again after a resume stand there once. */
export async function readLedgerSteps(run: string): Promise<LedgerStep[]> {
  const text = await readFile(join(run, 'ledger.jsonl'), 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LedgerStep & { readonly kind: string });
  return lines.filter(({ kind }) => kind === 'step');
}

/** Steps of the checkpoints of a run, ascending. */
export async function checkpointSteps(run: string): Promise<number[]> {
  const names = await readdir(join(run, 'checkpoints'));
  return names.map((name) => Number(/^step-(\d+)\.safetensors$/.exec(name)?.[1])).sort((a, b) => a - b);
}

/** Every file and folder under `folder` with the digest of its content: equal if and only if nothing was touched. */
export async function contentOf(folder: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // The heart of a lock beats, whatever else happens.
    if (entry.name.endsWith('.beat')) continue;
    const path = join(entry.parentPath, entry.name);
    // The one to the control socket of a coordinator leads nowhere once that one is gone.
    if (entry.isSymbolicLink()) {
      content[relative(folder, path)] = 'link';
      continue;
    }
    const isFile = (await stat(path)).isFile();
    const digest = isFile
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : 'folder';
    content[relative(folder, path)] = digest;
  }
  return content;
}
