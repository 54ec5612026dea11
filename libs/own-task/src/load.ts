/**
 * A user's task from its TypeScript file. The file and every file that it imports are made one script, which runs with this
 * program's own libraries; a digest over all of them tells coordinator and workers whether they have the same.
 */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { compileFunction } from 'node:vm';
import type { Trainable } from '@gradcast/network';
import { defaultsOfTask } from '@gradcast/tasks';
import * as tf from '@tensorflow/tfjs-core';
import type * as Esbuild from 'esbuild';
import * as authoring from './authoring.ts';
import { OwnTaskError } from './errors.ts';

export interface OwnTask {
  readonly task: Trainable;
  /** Hexadecimal SHA-256 over names and bytes of the files. */
  readonly sha256: string;
  /** The file and those that it imports, as paths relative to its folder, with slashes: the file first, then the others sorted. */
  readonly files: readonly string[];
}

const require = createRequire(import.meta.url);

/** What a task file may import besides files beside it: the same objects that this program computes with. */
const PROVIDED: Readonly<Record<string, unknown>> = { gradcast: authoring, '@tensorflow/tfjs-core': tf };

/** All files together; a task is text that a person wrote. */
const MOST_BYTES = 4 * 2 ** 20;

/** @throws OwnTaskError */
export function loadOwnTask(path: string): OwnTask {
  const entry = entryOf(path);
  const { code, inputs } = scriptOf(entry);
  const folder = dirname(entry);
  const named = inputs
    // However the entry is called, it is the same task.
    .map((file) => ({ file, name: file === entry ? '' : relative(folder, file).split(sep).join('/') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const sha256 = digestOf(named, entry);
  return { task: taskOf(code, entry), sha256, files: named.map(({ name }) => name || basename(entry)) };
}

function entryOf(path: string): string {
  const absolute = resolve(path);
  let found;
  try {
    found = statSync(absolute);
  } catch (cause) {
    throw new OwnTaskError('task-missing', `the task file ${absolute} does not exist or cannot be read`, { cause });
  }
  if (!found.isFile()) throw new OwnTaskError('task-missing', `the task file ${absolute} is not a file`);
  return realpathSync(absolute);
}

function scriptOf(entry: string): { readonly code: string; readonly inputs: readonly string[] } {
  // Loaded here: most runs have no such file.
  const { buildSync } = require('esbuild') as typeof Esbuild;
  try {
    const { outputFiles, metafile } = buildSync({
      entryPoints: [entry],
      absWorkingDir: dirname(entry),
      bundle: true,
      write: false,
      metafile: true,
      format: 'cjs',
      platform: 'neutral',
      target: 'es2022',
      packages: 'external',
      // What a project's tsconfig.json says would change the script without changing the files that are compared.
      tsconfigRaw: {},
      logLevel: 'silent',
    });
    refuseForeign(Object.values(metafile.inputs).flatMap(({ imports }) => imports));
    const inputs = Object.keys(metafile.inputs).map((input) =>
      isAbsolute(input) ? input : resolve(dirname(entry), input),
    );
    return { code: outputFiles[0].text, inputs };
  } catch (error) {
    if (error instanceof OwnTaskError) throw error;
    const first = (error as Partial<Esbuild.BuildFailure>).errors?.at(0);
    const line = first?.location ? `, line ${first.location.line}` : '';
    const reason = first?.text ?? (error instanceof Error ? error.message : String(error));
    throw new OwnTaskError('task-syntax', `the task file ${entry} cannot be read${line}: ${reason}`, { cause: error });
  }
}

function refuseForeign(imports: readonly { readonly path: string; readonly external?: boolean }[]): void {
  const foreign = imports.find(({ path, external }) => external === true && !Object.hasOwn(PROVIDED, path));
  if (!foreign) return;
  throw new OwnTaskError(
    'task-import',
    `a task file imports files by relative paths and ${Object.keys(PROVIDED).join(', ')}, not ${foreign.path}: ` +
      'coordinator and workers could not tell whether they have the same',
  );
}

function digestOf(files: readonly { readonly file: string; readonly name: string }[], entry: string): string {
  const hash = createHash('sha256');
  let total = 0;
  for (const { file, name } of files) {
    const bytes = readFileSync(file);
    total += bytes.length;
    if (total > MOST_BYTES) {
      throw new OwnTaskError(
        'task-invalid',
        `the task file ${entry} and its imports have more than ${MOST_BYTES} bytes`,
      );
    }
    // Lengths keep the end of one file apart from the beginning of the next.
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

type Script = (module: Module, exports: Module['exports'], require: (name: string) => unknown) => void;

interface Module {
  readonly exports: { default?: unknown; task?: unknown };
}

function taskOf(code: string, entry: string): Trainable {
  const module: Module = { exports: {} };
  try {
    const run = compileFunction(code, ['module', 'exports', 'require'], { filename: entry }) as Script;
    run(module, module.exports, (name: string) => PROVIDED[name]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OwnTaskError('task-invalid', `the task file ${entry} fails: ${reason}`, { cause });
  }
  const task = module.exports.default ?? module.exports.task;
  if (!isTask(task)) {
    throw new OwnTaskError('task-invalid', `the task file ${entry} exports no task: export default defineTask({ … })`);
  }
  if (defaultsOfTask(task.name)) {
    throw new OwnTaskError(
      'task-invalid',
      `the task file ${entry} defines ${task.name}, which is a built-in task's name`,
    );
  }
  return task;
}

function isTask(value: unknown): value is Trainable {
  return typeof value === 'object' && value !== null && 'createProgram' in value && 'parameters' in value;
}
