/**
 * Who may open a WebSocket: decided from the HTTP upgrade alone, before a byte of the protocol is read.
 *
 * A coordinator on a loopback address is still reachable from any web page the user has open, so two headers count:
 * Origin must be the coordinator's own address (browsers cannot forge it), and Host must be a loopback name (else a
 * page could reach us under its own name by rebinding DNS).
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

export interface AdmissionRules {
  /** What workers may present. */
  readonly credentials: Credentials;
  /** Whether the server listens on a loopback address only. */
  readonly loopback: boolean;
}

/** Subprotocol that is answered, if offered: a browser that offers any wants one of them back, which must not be its token's. */
export const SUBPROTOCOL = 'gradcast';
/** Subprotocol under which a browser, which cannot set headers, presents the token. */
const TOKEN_SUBPROTOCOL = 'gradcast.token.';

/** Decides on an upgrade: whose connection it is, or why there will be none. */
export function checkUpgrade(headers: IncomingHttpHeaders, rules: AdmissionRules): Credential | Refusal {
  const { host, origin } = headers;
  if (rules.loopback && !isLoopback(hostName(host))) {
    return { status: 403, code: 'host-refused', sentence: 'the Host header does not name a loopback address' };
  }
  if (origin !== undefined && !(isHttpOrigin(origin) && origin.slice(origin.indexOf('//') + 2) === host)) {
    return { status: 403, code: 'origin-refused', sentence: 'pages of other origins may not connect' };
  }
  const presented = bearerToken(headers) ?? subprotocolToken(headers);
  const credential = rules.credentials.of(presented);
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

function hostName(host = ''): string {
  return host.startsWith('[') ? host.slice(0, host.indexOf(']') + 1) : host.split(':')[0];
}

function isHttpOrigin(origin: string): boolean {
  return origin.startsWith('http://') || origin.startsWith('https://');
}

function bearerToken({ authorization }: IncomingHttpHeaders): string | undefined {
  return /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
}

function subprotocolToken(headers: IncomingHttpHeaders): string | undefined {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((entry) => entry.trim());
  const entry = offered.find((candidate) => candidate.startsWith(TOKEN_SUBPROTOCOL));
  return entry === undefined
    ? undefined
    : Buffer.from(entry.slice(TOKEN_SUBPROTOCOL.length), 'base64url').toString('utf8');
}
