/**
 * A secret that lies in the run's folder, readable by this user alone, so that what was given out with it outlives a restart of the
 * coordinator.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeAtomically } from '@gradcast/files';
import { CoordinatorError } from '../failure.ts';

const SECRET_BYTES = 16;
/** 128 bits in base64url. */
const SECRET = /^[A-Za-z0-9_-]{22}$/;

/** A secret that no other one is equal to. */
export function freshSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

export function isSecret(text: unknown): text is string {
  return typeof text === 'string' && SECRET.test(text);
}

/** Every failure of the disk is a CoordinatorError with the file's name as its code. */
export class SecretFile {
  readonly #folder: string;
  readonly #name: string;

  /** @param folder the run's. */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  get #path(): string {
    return join(this.#folder, this.#name);
  }

  /** @returns nothing, as text, where there is no such file. */
  async read(): Promise<string> {
    try {
      return await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw this.#failure(error);
    }
  }

  async write(text: string): Promise<void> {
    try {
      await writeAtomically(this.#path, [new TextEncoder().encode(`${text}\n`)], 0o600);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async remove(): Promise<void> {
    try {
      await rm(this.#path, { force: true });
      await syncFolder(this.#folder);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): CoordinatorError {
    return new CoordinatorError(this.#name, `${this.#path}: ${(error as Error).message}`, { cause: error });
  }
}
