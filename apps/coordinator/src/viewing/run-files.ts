/**
 * Files of a run's folder that viewers may have: a fixed list of names, and numbered ones of three folders, by their numbers.
 *
 * Invariants: nothing that a client sends becomes part of a path but the digits of a number; no link is followed; a file that
 * grows is given as long as it was when it was asked for.
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Checkpoints, CHECKPOINTS_FOLDER } from '@gradcast/checkpoint';
import { LEDGER, sealedParts } from '@gradcast/ledger';
import { JSON_TYPE } from '@gradcast/metrics';
import type { Answer } from '@gradcast/metrics';
import type { ViewFile } from '@gradcast/protocol';
import { sampleGrids } from '@gradcast/watching';
import { refuse } from '../network/json-answers.ts';

const LINES = 'application/jsonl';
/** Names in the folder itself. */
export const NAMED_FILES = {
  'config.json': JSON_TYPE,
  'summary.json': JSON_TYPE,
  'metrics.jsonl': LINES,
  'events.jsonl': LINES,
  [LEDGER]: LINES,
} as const;
export type NamedFile = keyof typeof NAMED_FILES;

/** Of each kind of numbered file: where it is asked for, and what it is. */
const NUMBERED = {
  grid: 'image/png',
  checkpoint: 'application/octet-stream',
  'ledger-part': 'application/octet-stream',
} as const;
export type NumberedFile = keyof typeof NUMBERED;
export const NUMBERED_FILES = Object.keys(NUMBERED) as NumberedFile[];

/** Of the newest checkpoints and parts that a list names. */
const MOST_LISTED = 32;

export interface RunFilesOptions {
  /** The run's folder. */
  readonly folder: string;
  /** The run's id, for names of what is saved. */
  readonly run: string;
}

interface Found {
  readonly number: number;
  readonly path: string;
}

export class RunFiles {
  readonly #options: RunFilesOptions;

  constructor(options: RunFilesOptions) {
    this.#options = options;
  }

  named(name: NamedFile): Promise<Answer> {
    const { folder, run } = this.#options;
    return given(join(folder, name), { type: NAMED_FILES[name], saveAs: `${run}-${name}` });
  }

  /** @param digits as they were sent. */
  async numbered(kind: NumberedFile, digits: string | null): Promise<Answer> {
    if (digits === null || !/^\d{1,15}$/.test(digits)) {
      return refuse(400, 'number-invalid', 'a file of this kind is asked for by its number');
    }
    const found = (await this.#numbered(kind)).find(({ number }) => number === Number(digits));
    if (!found) return refuse(404, 'no-such-file', 'the run has no such file');
    const name = found.path.slice(found.path.lastIndexOf('/') + 1).replaceAll(/[^\w.-]/g, '');
    const saveAs = kind === 'grid' ? undefined : `${this.#options.run}-${name}`;
    return given(found.path, { type: NUMBERED[kind], saveAs });
  }

  async grids(): Promise<number[]> {
    return (await this.#numbered('grid')).map(({ number }) => number);
  }

  /** What there is to be saved: checkpoints and parts of the ledger, the newest of each. */
  async list(): Promise<ViewFile[]> {
    const { folder } = this.#options;
    const names = Object.keys(NAMED_FILES);
    const named = names.map((name) => ({ name, href: `files/${name}`, path: join(folder, name) }));
    const parts = (await this.#numbered('ledger-part')).slice(-MOST_LISTED).map(({ number, path }) => {
      return { name: `ledger, part ${number}`, href: `files/ledger-part?number=${number}`, path };
    });
    const checkpoints = (await this.#numbered('checkpoint')).slice(-MOST_LISTED).map(({ number, path }) => {
      return { name: `checkpoint of step ${number}`, href: `files/checkpoint?number=${number}`, path };
    });
    const all = [...named, ...parts, ...checkpoints].map(async ({ path, ...file }): Promise<ViewFile[]> => {
      const found = await stat(path).catch(() => undefined);
      return found ? [{ ...file, bytes: found.size }] : [];
    });
    return (await Promise.all(all)).flat();
  }

  /** In ascending order; none where a folder cannot be read. */
  async #numbered(kind: NumberedFile): Promise<Found[]> {
    const { folder } = this.#options;
    switch (kind) {
      case 'grid':
        return (await sampleGrids(folder)).map(({ step, path }) => ({ number: step, path }));
      case 'checkpoint': {
        const listed = await new Checkpoints(join(folder, CHECKPOINTS_FOLDER)).list().catch(() => []);
        return listed.map(({ step, path }) => ({ number: step, path })).reverse();
      }
      case 'ledger-part':
        return sealedParts(folder).catch(() => []);
      default:
        return kind satisfies never;
    }
  }
}

interface Given {
  readonly type: string;
  /** Undefined for what a page shows. */
  readonly saveAs: string | undefined;
}

async function given(path: string, { type, saveAs }: Given): Promise<Answer> {
  const missing = refuse(404, 'no-such-file', 'the run has no such file');
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (!handle) return missing;
  const found = await handle.stat();
  if (!found.isFile()) {
    await handle.close();
    return missing;
  }
  const headers: Record<string, string> =
    saveAs === undefined
      ? { 'cache-control': 'private, max-age=3600' }
      : { 'content-disposition': `attachment; filename="${saveAs}"` };
  if (found.size === 0) {
    await handle.close();
    return { status: 200, type, body: '', headers };
  }
  const file = handle.createReadStream({ start: 0, end: found.size - 1 });
  return { status: 200, type, file, length: found.size, headers };
}
