/**
 * The join code of a run: the secret in the link's fragment, which a browser tab exchanges for tickets.
 *
 * Invariants: it lies in the run's folder, readable by this user alone, so that a link outlives a restart of the coordinator;
 * after its time, or once it was taken back, it is good for nothing, and no other code is ever the same.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, writeAtomically } from '@gradcast/files';
import { CoordinatorError } from '../failure.ts';

const FILE = 'join-code';
/** 128 bits in base64url. */
const CODE = /^[A-Za-z0-9_-]{22}$/;
const CODE_BYTES = 16;
const HOUR_MS = 3_600_000;

export interface JoinCode {
  readonly code: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface JoinCodesOptions {
  /** The run's folder. */
  readonly folder: string;
  /** How long a code is good for. */
  readonly hours: number;
  /** Milliseconds since 1970: a code outlives the process. */
  readonly wallClock: () => number;
}

export class JoinCodes {
  readonly #options: JoinCodesOptions;
  #current: JoinCode | undefined;

  private constructor(options: JoinCodesOptions, current: JoinCode | undefined) {
    this.#options = options;
    this.#current = current;
  }

  /** The run's code, a new one if there is none that is good. @throws CoordinatorError `join-code`. */
  static async open(options: JoinCodesOptions): Promise<JoinCodes> {
    const path = join(options.folder, FILE);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw failure(path, error);
    });
    const found = parsed(text);
    const codes = new JoinCodes(options, found);
    if (!found || found.expires <= options.wallClock()) await codes.renew();
    return codes;
  }

  /** Undefined once it was taken back. It may have expired. */
  get current(): JoinCode | undefined {
    return this.#current;
  }

  /** What a presented code is. Time tells nothing of the right one. */
  check(presented: string): 'good' | 'wrong' | 'expired' {
    const { code, expires } = this.#current ?? { code: '', expires: 0 };
    if (!timingSafeEqual(digestOf(code), digestOf(presented)) || this.#current === undefined) return 'wrong';
    return expires > this.#options.wallClock() ? 'good' : 'expired';
  }

  /** Another code in place of the one there is. @throws CoordinatorError `join-code`; the former one then stays. */
  async renew(): Promise<JoinCode> {
    const { folder, hours, wallClock } = this.#options;
    const fresh = { code: randomBytes(CODE_BYTES).toString('base64url'), expires: wallClock() + hours * HOUR_MS };
    const path = join(folder, FILE);
    try {
      await writeAtomically(path, [new TextEncoder().encode(`${JSON.stringify(fresh)}\n`)], 0o600);
    } catch (error) {
      throw failure(path, error);
    }
    return (this.#current = fresh);
  }

  /** Takes the code back: it is good for nothing from now on, also if the file cannot be removed. @throws CoordinatorError `join-code`. */
  async revoke(): Promise<void> {
    this.#current = undefined;
    const { folder } = this.#options;
    try {
      await rm(join(folder, FILE), { force: true });
      await syncFolder(folder);
    } catch (error) {
      throw failure(join(folder, FILE), error);
    }
  }
}

function parsed(text: string): JoinCode | undefined {
  try {
    const { code, expires } = Object(JSON.parse(text)) as Partial<Record<keyof JoinCode, unknown>>;
    const isSound = typeof code === 'string' && CODE.test(code) && Number.isFinite(expires);
    return isSound ? { code, expires: expires as number } : undefined;
  } catch {
    return undefined;
  }
}

function failure(path: string, error: unknown): CoordinatorError {
  return new CoordinatorError('join-code', `${path}: ${(error as Error).message}`, { cause: error });
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
