/**
 * The files of a page: a fixed list, read once from a folder beside the built program, each with its compressed forms. No
 * request names a path on the disk.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Answer } from '@gradcast/metrics';
import { CoordinatorError } from '../failure.ts';

/** Media types by the names of files. */
export type FileTypes = Readonly<Record<string, string>>;

/** Forms that a browser may take, the smallest first. */
const CODINGS = [
  { coding: 'br', ending: '.br' },
  { coding: 'gzip', ending: '.gz' },
] as const;

interface Form {
  readonly coding: string | undefined;
  readonly bytes: Buffer;
  readonly tag: string;
}

/** A page's folder beside the program, once built. */
export function builtPage(name: string): URL {
  return new URL(`./${name}/`, import.meta.url);
}

export class PageFiles<Name extends string = string> {
  readonly #types: Readonly<Record<Name, string>>;
  /** The smallest form first, the plain one last. */
  readonly #files: ReadonlyMap<string, readonly Form[]>;

  private constructor(types: Readonly<Record<Name, string>>, files: ReadonlyMap<string, readonly Form[]>) {
    this.#types = types;
    this.#files = files;
  }

  /** @throws CoordinatorError `page-files` if a file is not there. */
  static async read<Types extends FileTypes>(types: Types, folder: URL): Promise<PageFiles<keyof Types & string>> {
    const names = Object.keys(types);
    const forms = await Promise.all(names.map((name) => formsOf(new URL(name, folder))));
    return new PageFiles(types, new Map(names.map((name, i) => [name, forms[i]])));
  }

  get names(): readonly Name[] {
    return Object.keys(this.#types) as Name[];
  }

  /** A file, in a form that the client takes, or that the one it has is still right. */
  answer(name: Name, headers: IncomingHttpHeaders): Answer {
    const taken = codingsIn(headers['accept-encoding']);
    const form = this.#files.get(name)!.find(({ coding }) => coding === undefined || taken.has(coding))!;
    const about = {
      etag: form.tag,
      // It is asked each time whether it is still right: a page of an older build would speak another protocol.
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
    };
    const type = this.#types[name];
    if (tagsIn(headers['if-none-match']).includes(form.tag)) return { status: 304, type, body: '', headers: about };
    const coded = form.coding === undefined ? about : { ...about, 'content-encoding': form.coding };
    return { status: 200, type, body: form.bytes, headers: coded };
  }
}

async function formsOf(file: URL): Promise<Form[]> {
  const plain = await readFile(file).catch((error: unknown) => {
    throw new CoordinatorError('page-files', `a page is not part of this build: no ${fileURLToPath(file)}`, {
      cause: error,
    });
  });
  const coded = await Promise.all(
    CODINGS.map(async ({ coding, ending }): Promise<Form[]> => {
      const bytes = await readFile(new URL(file.href + ending)).catch(() => undefined);
      return bytes ? [{ coding, bytes, tag: tagOf(bytes) }] : [];
    }),
  );
  return [...coded.flat(), { coding: undefined, bytes: plain, tag: tagOf(plain) }];
}

function tagOf(bytes: Buffer): string {
  return `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
}

/** Codings that a client takes: those it names, unless with a weight of 0. */
function codingsIn(header: string | string[] = ''): Set<string> {
  const entries = String(header).split(',');
  const taken = entries.map((entry) => /^\s*([a-z]+)\s*(?:;\s*q=([\d.]+))?\s*$/i.exec(entry));
  return new Set(taken.flatMap((match) => (match && Number(match.at(2) ?? 1) > 0 ? [match[1].toLowerCase()] : [])));
}

function tagsIn(header = ''): string[] {
  return header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
}
