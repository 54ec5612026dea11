/**
 * Who may watch where a token is asked for: a viewer shows its token once and gets a cookie.
 *
 * Invariants: a cookie holds no secret and is made with one, so nothing is kept for those who have it, a restart of the
 * coordinator forgets nobody, and whoever takes a viewer out of the token file ends its sessions; it is good for one run alone.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** How long a cookie is good for. */
const SESSION_SECONDS = 24 * 3600;

/** A cookie's longest value; names have up to 40 characters. */
const VALUE = /^([A-Za-z0-9_-]{43})\.(\d{1,12})\.([A-Za-z0-9._-]{1,40})$/;

export interface Viewer {
  readonly name: string;
  readonly secret: string;
}

export interface ViewSessionsOptions {
  readonly viewers: readonly Viewer[];
  /** Id of the run. */
  readonly run: string;
  /** Path of what the page asks for. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

export class ViewSessions {
  readonly #options: ViewSessionsOptions;
  /** Cookies know no ports: two coordinators at one address have names that differ. */
  readonly #cookie: string;

  constructor(options: ViewSessionsOptions) {
    this.#options = options;
    this.#cookie = `gradcast-${digestOf(options.run).toString('hex').slice(0, 12)}`;
  }

  /**
   * The cookie for who shows a token, or nothing. Time tells nothing of the right ones.
   *
   * @param isSecure whether it comes by TLS.
   */
  cookieFor(token: string, isSecure: boolean): string | undefined {
    const presented = digestOf(token);
    let found: Viewer | undefined;
    for (const viewer of this.#options.viewers) {
      if (timingSafeEqual(digestOf(viewer.secret), presented)) found = viewer;
    }
    if (!found) return undefined;
    const expires = Math.floor(this.#options.wallClock() / 1000) + SESSION_SECONDS;
    const value = `${this.#sign(found, expires)}.${expires}.${found.name}`;
    const about = `Path=${this.#options.path}; Max-Age=${SESSION_SECONDS}; HttpOnly; SameSite=Strict`;
    return `${this.#cookie}=${value}; ${about}${isSecure ? '; Secure' : ''}`;
  }

  /** Whether a request has a cookie of ours that is still good. */
  knows({ cookie = '' }: Pick<IncomingHttpHeaders, 'cookie'>): boolean {
    return cookie.split(';').some((part) => {
      const [name, value = ''] = part.trim().split('=', 2);
      return name === this.#cookie && this.#isGood(value);
    });
  }

  #isGood(value: string): boolean {
    const match = VALUE.exec(value);
    if (!match) return false;
    const [, signature, expires, name] = match;
    const viewer = this.#options.viewers.find((each) => each.name === name);
    if (!viewer || Number(expires) * 1000 <= this.#options.wallClock()) return false;
    return timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(viewer, Number(expires))));
  }

  #sign({ name, secret }: Viewer, expires: number): string {
    const key = digestOf(`gradcast view session\n${this.#options.run}\n${secret}`);
    return createHmac('sha256', key).update(`${expires}\n${name}`).digest('base64url');
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
