/**
 * The join code of a run: the secret in the link's fragment, which a browser tab exchanges for tickets.
 *
 * Invariants: it lies in the run's folder, readable by this user alone, so that a link outlives a restart of the coordinator;
 * after its time, or once it was taken back, it is good for nothing, and no other code is ever the same.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { freshSecret, isSecret, SecretFile } from '../network/secret-file.ts';

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
  readonly #file: SecretFile;
  #current: JoinCode | undefined;

  private constructor(options: JoinCodesOptions) {
    this.#options = options;
    this.#file = new SecretFile(options.folder, 'join-code');
  }

  /** The run's code, a new one if there is none that is good. @throws CoordinatorError `join-code`. */
  static async open(options: JoinCodesOptions): Promise<JoinCodes> {
    const codes = new JoinCodes(options);
    const found = (codes.#current = parsed(await codes.#file.read()));
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
    const { hours, wallClock } = this.#options;
    const fresh = { code: freshSecret(), expires: wallClock() + hours * HOUR_MS };
    await this.#file.write(JSON.stringify(fresh));
    return (this.#current = fresh);
  }

  /** Takes the code back: it is good for nothing from now on, also if the file cannot be removed. @throws CoordinatorError `join-code`. */
  async revoke(): Promise<void> {
    this.#current = undefined;
    await this.#file.remove();
  }
}

function parsed(text: string): JoinCode | undefined {
  try {
    const { code, expires } = Object(JSON.parse(text)) as Partial<Record<keyof JoinCode, unknown>>;
    return isSecret(code) && Number.isFinite(expires) ? { code, expires: expires as number } : undefined;
  } catch {
    return undefined;
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
