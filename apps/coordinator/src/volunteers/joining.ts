/**
 * How browser tabs come into a run: the link, its code, tickets, the page, and which secrets are admitted at an upgrade. What
 * becomes of a volunteer that is in is membership's.
 */
import { outwardAddresses } from '../network/certificate.ts';
import { VOLUNTEER } from '../network/credentials.ts';
import type { Credential } from '../network/credentials.ts';
import type { AnswerRequest } from '../network/server.ts';
import { JoinCodes } from './join-code.ts';
import type { JoinCodesOptions } from './join-code.ts';
import { joinPort } from './join-port.ts';
import { joinRoutes } from './join-routes.ts';
import type { JoinRoutesOptions } from './join-routes.ts';
import { Tickets } from './tickets.ts';

/** Those who came by a join link, as membership knows them. */
export interface Guests {
  /** Whom the secret of a session belongs to, whether it is connected or gone. */
  credentialOf(secret: string): Credential | undefined;
  /** Ends all of them for good. @returns how many were there. */
  dismiss(): number;
}

export interface JoiningOptions
  extends JoinCodesOptions, Pick<JoinRoutesOptions, 'files' | 'facts' | 'sample' | 'volunteerOf' | 'maxVolunteers'> {
  /** Of the page behind a reverse proxy, without `/join`; null for this port's own. */
  readonly url: string | null;
  /** Of the port: `ws://host:port` or `wss://host:port`. */
  readonly listening: string;
  readonly guests: Guests;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** A link by which tabs join. */
export interface JoinLink {
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export class Joining {
  readonly #options: JoiningOptions;
  readonly #codes: JoinCodes;
  readonly #tickets: Tickets;
  readonly onRequest: AnswerRequest;

  private constructor(options: JoiningOptions, codes: JoinCodes) {
    this.#options = options;
    this.#codes = codes;
    this.#tickets = new Tickets(options.now);
    const { url } = options;
    const routes = joinRoutes({ ...options, codes, tickets: this.#tickets });
    const prefix = url === null ? '' : new URL(url).pathname.replace(/\/$/, '');
    this.onRequest = joinPort({ ...options, routes, prefix });
  }

  /** @throws CoordinatorError `join-code`. */
  static async open(options: JoiningOptions): Promise<Joining> {
    return new Joining(options, await JoinCodes.open(options));
  }

  /** Undefined once it was taken back. It may have expired. */
  get link(): JoinLink | undefined {
    const { current } = this.#codes;
    const { url, listening } = this.#options;
    return current && { url: `${url ?? pageAddress(listening)}/join#${current.code}`, expires: current.expires };
  }

  /** Whether the link's time is over. */
  get hasExpired(): boolean {
    const { current } = this.#codes;
    return current !== undefined && current.expires <= this.#options.wallClock();
  }

  /** Whose connection a secret opens: a ticket does once, the secret of a session for as long as that is remembered. */
  guest(secret: string): Credential | undefined {
    return this.#tickets.take(secret) ? VOLUNTEER : this.#options.guests.credentialOf(secret);
  }

  /** Takes the link back, and with it all who came by it. @returns how many were there. @throws CoordinatorError `join-code`. */
  async revoke(): Promise<number> {
    const revoked = this.#codes.revoke();
    // At once, whatever becomes of the file.
    this.#tickets.forget();
    const dismissed = this.#options.guests.dismiss();
    await revoked;
    return dismissed;
  }

  /** Makes another link; the former one is good for nothing from now on, but who came by it stays. @throws CoordinatorError `join-code`. */
  async renew(): Promise<void> {
    await this.#codes.renew();
  }
}

/** Where the page is for those who can reach the port: everywhere is a host's likeliest address. */
export function pageAddress(listening: string, outward: readonly string[] = outwardAddresses()): string {
  const url = new URL(listening.replace(/^ws/, 'http'));
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = outward.at(0) ?? 'localhost';
  return url.origin;
}
