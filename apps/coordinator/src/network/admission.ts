/**
 * Who may open a WebSocket, and which pages may ask for anything: decided from the HTTP request alone, before a byte of the
 * protocol is read.
 *
 * A coordinator on a loopback address is still reachable from any web page the user has open, so two headers count:
 * Origin must be the coordinator's own address (browsers cannot forge it), and Host must be a loopback name (else a
 * page could reach us under its own name by rebinding DNS). Where a reverse proxy has the join page, its address is ours, too.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopback } from '@gradcast/protocol';
import type { RefusalCode } from '@gradcast/protocol';
import type { Credential, Credentials } from './credentials.ts';

/** Why an upgrade was refused. */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly code: RefusalCode;
  readonly sentence: string;
}

/** Under which names we may be asked. */
export interface OwnAddress {
  /** Whether the server listens on a loopback address only. */
  readonly loopback: boolean;
  /** The join page's address behind a reverse proxy, if it has one. */
  readonly page?: URL;
  /** What the client speaks, where that is known. */
  readonly scheme?: 'http' | 'https';
}

export interface AdmissionRules extends OwnAddress {
  /** What workers may present. */
  readonly credentials: Credentials;
}

/** Subprotocol that is answered, if offered: a browser that offers any wants one of them back, which must not be its token's. */
export const SUBPROTOCOL = 'gradcast';
/** Subprotocol under which a browser, which cannot set headers, presents the token. */
const TOKEN_SUBPROTOCOL = 'gradcast.token.';

/** Decides on an upgrade: whose connection it is, or why there will be none. */
export function checkUpgrade(headers: IncomingHttpHeaders, rules: AdmissionRules): Credential | Refusal {
  const foreign = checkAddress(headers, rules);
  if (foreign) return foreign;
  const presented = bearerToken(headers) ?? subprotocolToken(headers);
  const credential = rules.credentials.of(presented, headers.origin !== undefined);
  if (credential) return credential;
  if (presented === undefined) {
    return {
      status: 401,
      code: 'token-missing',
      sentence: 'the coordinator wants a token: set GRADCAST_TOKEN or pass --token-file',
    };
  }
  return { status: 401, code: 'token-wrong', sentence: 'the token is not the coordinator’s' };
}

/** Decides whether a request means us, and comes from no page but our own. */
export function checkAddress({ host, origin }: IncomingHttpHeaders, address: OwnAddress): Refusal | undefined {
  const { loopback, page } = address;
  const isPages = page !== undefined && host?.toLowerCase() === page.host;
  if (loopback && !isPages && !isLoopback(hostName(host))) {
    return { status: 403, code: 'host-refused', sentence: 'the Host header does not name a loopback address' };
  }
  if (origin !== undefined && origin !== page?.origin && !isOwn(origin, host, address.scheme)) {
    return { status: 403, code: 'origin-refused', sentence: 'pages of other origins may not connect' };
  }
  return undefined;
}

function isOwn(origin: string, host: string | undefined, scheme: OwnAddress['scheme']): boolean {
  const schemes = scheme === undefined ? ['http', 'https'] : [scheme];
  return host !== undefined && schemes.some((each) => origin === `${each}://${host}`);
}

function hostName(host = ''): string {
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.split(':')[0];
}

/** The secret in `Authorization: Bearer SECRET`. */
export function bearerToken({ authorization }: IncomingHttpHeaders): string | undefined {
  return /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
}

function subprotocolToken(headers: IncomingHttpHeaders): string | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((entry) => entry.trim());
  const entry = offered.find((candidate) => candidate.startsWith(TOKEN_SUBPROTOCOL));
  return entry === undefined
    ? undefined
    : Buffer.from(entry.slice(TOKEN_SUBPROTOCOL.length), 'base64url').toString('utf8');
}
