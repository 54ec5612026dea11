/**
 * The checkpoints of one run: `step-000469.safetensors` and the like in one folder, newest first.
 */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitedStep } from '@gradcast/definition';
import { RunError, syncFolder, systemCode, TEMPORARY_PREFIX } from '@gradcast/files';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { Checkpoint, WrittenCheckpoint } from './checkpoint.ts';
import { CheckpointError } from './errors.ts';

const NAME = /^step-([0-9]{6,15})\.safetensors$/;

/** A checkpoint file by its name; nothing about its content is known yet. */
export interface ListedCheckpoint {
  readonly step: number;
  readonly path: string;
}

/** A checkpoint that was read, and the newer ones that could not be. */
export interface LoadedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly path: string;
  /** One refusal for each newer file that is damaged, newest first; empty if the newest was sound. */
  readonly damaged: readonly CheckpointError[];
}

/** The checkpoint folder of a run. */
export class Checkpoints {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The name under which the state at `step` is kept. */
  path(step: number): string {
    return join(this.folder, `step-${String(step).padStart(6, '0')}.safetensors`);
  }

  /**
   * Writes a checkpoint under its step's name, making the folder if need be.
   *
   * @throws CheckpointError `checkpoint-write`.
   */
  async save(checkpoint: Checkpoint): Promise<WrittenCheckpoint> {
    const path = this.path(checkpoint.info.step);
    try {
      await mkdir(this.folder, { recursive: true });
    } catch (cause) {
      throw new CheckpointError('checkpoint-write', `the checkpoint ${path} cannot be written (${systemCode(cause)})`, {
        cause,
      });
    }
    return writeCheckpoint(path, checkpoint);
  }

  /**
   * All checkpoints, newest first; none if the folder does not exist.
   *
   * @throws RunError `run-corrupt` if the folder cannot be read: that it shows no checkpoint does not mean it has none.
   */
  async list(): Promise<ListedCheckpoint[]> {
    return (await this.#names())
      .flatMap((name) => {
        const match = NAME.exec(name);
        return match ? [{ step: Number(match[1]), path: join(this.folder, name) }] : [];
      })
      .sort((a, b) => b.step - a.step);
  }

  /** Whether it is certain that the folder holds nothing, or is not there. */
  async isEmpty(): Promise<boolean> {
    const names = await this.#names().catch(() => undefined);
    return names?.every((name) => name.startsWith(TEMPORARY_PREFIX)) ?? false;
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.folder);
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') return [];
      throw new RunError('run-corrupt', `${this.folder} cannot be read (${systemCode(cause)})`, { cause });
    }
  }

  /**
   * Removes all but the newest `count` checkpoints (0 keeps all), and what killed writers left behind. Must not run
   * beside a save.
   *
   * @param anchorEvery with each that is kept stays the newest before it whose step is a multiple of this; 0 for none.
   * @returns the steps that were removed.
   * @throws RangeError if `count` is negative or not whole.
   */
  async keepLast(count: number, anchorEvery = 0): Promise<number[]> {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`cannot keep ${count} checkpoints`);
    const all = count === 0 ? [] : await this.list();
    const kept = all.slice(0, count);
    const anchors = new Set(anchorEvery > 0 ? kept.map(({ step }) => awaitedStep(anchorEvery, step)) : []);
    const old = all.slice(count).filter(({ step }) => step === 0 || !anchors.has(step));
    for (const { path } of old) await rm(path, { force: true });
    const leftovers = (await this.#names()).filter((name) => name.startsWith(TEMPORARY_PREFIX));
    for (const name of leftovers) await rm(join(this.folder, name), { force: true });
    if (old.length + leftovers.length > 0) await syncFolder(this.folder);
    return old.map(({ step }) => step);
  }

  /**
   * Renames checkpoints newer than `step` to `….abandoned`, so that a run taken up at `step` neither comes back to them
   * nor counts them among those it keeps.
   *
   * @returns their steps, newest first.
   */
  async setAsideAfter(step: number): Promise<number[]> {
    const newer = (await this.list()).filter((checkpoint) => checkpoint.step > step);
    for (const { path } of newer) await rename(path, `${path}.abandoned`);
    if (newer.length > 0) await syncFolder(this.folder);
    return newer.map((checkpoint) => checkpoint.step);
  }

  /**
   * Reads the newest checkpoint that is sound.
   *
   * @param through checkpoints of later steps are not looked at.
   * @throws CheckpointError `checkpoint-missing` if there is none at all; if every one is damaged, the newest's refusal.
   *   `checkpoint-format` ends the search at once: falling back would silently undo what a newer version did.
   */
  async loadNewest(through = Infinity): Promise<LoadedCheckpoint> {
    const damaged: CheckpointError[] = [];
    for (const { path, step } of await this.list()) {
      if (step > through) continue;
      try {
        return { checkpoint: await readCheckpoint(path), path, damaged };
      } catch (error) {
        if (!(error instanceof CheckpointError) || error.code === 'checkpoint-format') throw error;
        damaged.push(error);
      }
    }
    throw damaged[0] ?? new CheckpointError('checkpoint-missing', `${this.folder} has no checkpoint`);
  }
}

/** The folder inside a run that holds its checkpoints. */
export const CHECKPOINTS_FOLDER = 'checkpoints';

/**
 * Reads what a user names: a checkpoint file, or a run folder, of which the newest sound checkpoint is taken.
 *
 * @throws RunError `run-missing` if nothing is there; CheckpointError as {@link Checkpoints.loadNewest}.
 */
export async function loadCheckpoint(path: string): Promise<LoadedCheckpoint> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new RunError('run-missing', `there is no run folder or checkpoint ${path}`);
  if (found.isFile()) return { checkpoint: await readCheckpoint(path), path, damaged: [] };
  return new Checkpoints(join(path, CHECKPOINTS_FOLDER)).loadNewest();
}
