/**
 * The place that a command writes to: found fit before anything is computed, and filled at once when all is there.
 *
 * Invariant: after an error or an interruption there is what was there before.
 */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile, replaceFolder, writeAtomically } from '@gradcast/files';
import { OutputError } from './output-error.ts';

/** Files that are written at a time. */
const AT_A_TIME = 32;

export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Found out by making a folder and removing it: permissions alone do not tell.
 *
 * @param output absolute. A file may be there already; a folder may if it is empty.
 * @throws OutputError `output-folder`, `output-not-writable`
 */
export async function assertPlace(output: string, kind: 'file' | 'folder'): Promise<void> {
  const parent = dirname(output);
  const found = await stat(parent).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new OutputError('output-folder', `the output's folder ${parent} ${found ? 'is a file' : 'does not exist'}`);
  }
  const there = await stat(output).catch(() => undefined);
  if (kind === 'file' && there?.isDirectory()) {
    throw new OutputError('output-folder', `the output ${output} is a folder`);
  }
  if (kind === 'folder' && there && !there.isDirectory()) {
    throw new OutputError('output-folder', `the output ${output} is a file, not a folder`);
  }
  if (kind === 'folder' && there && (await readdir(output)).length > 0) {
    throw new OutputError('output-folder', `the folder ${output} is not empty`);
  }
  try {
    await rm(await mkdtemp(join(parent, '.tmp-')), { recursive: true });
  } catch (cause) {
    throw notWritable(output, cause);
  }
}

/** @throws OutputError `output-not-writable` */
export async function writeOutputFile(output: string, chunks: Iterable<Uint8Array>): Promise<void> {
  await orNotWritable(output, () => writeAtomically(output, chunks));
}

/**
 * A file whose bytes are made while it is written.
 *
 * @throws OutputError `output-not-writable`, and what making the bytes throws.
 */
export async function streamOutputFile(output: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const failure: { of?: unknown } = {};
  const remembering = async function* (): AsyncIterable<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      failure.of = error;
      throw error;
    }
  };
  try {
    await replaceFile(output, (temporary) => writeFile(temporary, remembering(), { flush: true }));
  } catch (cause) {
    if ('of' in failure) throw failure.of;
    throw notWritable(output, cause);
  }
}

/** @throws OutputError `output-not-writable` */
export async function writeOutputFolder(output: string, files: readonly NamedFile[]): Promise<void> {
  await orNotWritable(output, () =>
    replaceFolder(output, async (temporary) => {
      for (let first = 0; first < files.length; first += AT_A_TIME) {
        const some = files.slice(first, first + AT_A_TIME);
        await Promise.all(some.map(({ name, bytes }) => writeFile(join(temporary, name), bytes, { flush: true })));
      }
    }),
  );
}

async function orNotWritable(output: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw notWritable(output, cause);
  }
}

function notWritable(output: string, cause: unknown): OutputError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new OutputError('output-not-writable', `${output} cannot be written (${reason})`, { cause });
}
