/**
 * Who somebody is that watches or steers: whoever has a token shows it once and gets a cookie.
 *
 * Invariants: a cookie holds no secret and is made with one, so nothing is kept for those who have it, a restart of the
 * coordinator forgets nobody, and whoever takes a line out of the token file ends its sessions; it is good for one run alone. It
 * says who somebody is and not what they may, which is looked up each time.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { WatchingRole } from '@gradcast/config';

/** How long a cookie is good for. */
const SESSION_SECONDS = 24 * 3600;

/** A cookie's longest value; names have up to 40 characters. */
const VALUE = /^([A-Za-z0-9_-]{43})\.(\d{1,12})\.([A-Za-z0-9._-]{1,40})$/;

/** Name of whoever has the run's own secret: names in a token file begin otherwise. */
export const LINK_HOLDER = '.link';

export interface Person {
  readonly name: string;
  readonly role: WatchingRole;
}

interface Known extends Person {
  readonly secret: string;
}

export interface ViewSessionsOptions {
  readonly people: readonly Known[];
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
   * Who shows a token, and the cookie for it, or nothing. Time tells nothing of the right ones.
   *
   * @param isSecure whether it comes by TLS.
   */
  enter(token: string, isSecure: boolean): { readonly person: Person; readonly cookie: string } | undefined {
    const presented = digestOf(token);
    let found: Known | undefined;
    for (const known of this.#options.people) {
      if (timingSafeEqual(digestOf(known.secret), presented)) found = known;
    }
    if (!found) return undefined;
    const expires = Math.floor(this.#options.wallClock() / 1000) + SESSION_SECONDS;
    const value = `${this.#sign(found, expires)}.${expires}.${found.name}`;
    const about = `Path=${this.#options.path}; Max-Age=${SESSION_SECONDS}; HttpOnly; SameSite=Strict`;
    const cookie = `${this.#cookie}=${value}; ${about}${isSecure ? '; Secure' : ''}`;
    return { person: { name: found.name, role: found.role }, cookie };
  }

  /** Who sends a request, by a cookie of ours that is still good. */
  sender({ cookie = '' }: Pick<IncomingHttpHeaders, 'cookie'>): Person | undefined {
    for (const part of cookie.split(';')) {
      const [name, value = ''] = part.trim().split('=', 2);
      const person = name === this.#cookie ? this.#personIn(value) : undefined;
      if (person) return { name: person.name, role: person.role };
    }
    return undefined;
  }

  #personIn(value: string): Known | undefined {
    const match = VALUE.exec(value);
    if (!match) return undefined;
    const [, signature, expires, name] = match;
    const known = this.#options.people.find((each) => each.name === name);
    if (!known || Number(expires) * 1000 <= this.#options.wallClock()) return undefined;
    const isGood = timingSafeEqual(Buffer.from(signature), Buffer.from(this.#sign(known, Number(expires))));
    return isGood ? known : undefined;
  }

  #sign({ name, secret }: Known, expires: number): string {
    const key = digestOf(`gradcast view session\n${this.#options.run}\n${secret}`);
    return createHmac('sha256', key).update(`${expires}\n${name}`).digest('base64url');
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
