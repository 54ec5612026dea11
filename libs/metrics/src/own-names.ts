/**
 * Whether a request means this process: the Host header against the names under which it can be meant.
 *
 * Endpoints ask for no token, so any web page that a user of this network has open could read them by letting its own
 * name resolve to our address (DNS rebinding). Such a page sends its own name as Host; everything accepted here is an
 * address or a name that no page on the internet can have.
 */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from '@gradcast/protocol';

export interface OwnNames {
  /** Address that the server is bound to. */
  readonly bound: string;
  /** Further names, such as a proxy's. */
  readonly also?: readonly string[];
  /** Name of this machine. */
  readonly machine?: string;
}

/** Endings of names that are no public domains (RFC 6762, RFC 8375, the reserved `.internal`) or a cluster's own. */
const PRIVATE_ENDINGS = ['.localhost', '.local', '.internal', '.home.arpa', '.svc'];

/**
 * Bound to loopback, only loopback and the further names are accepted. Bound to anything else, also every address, names
 * without a dot (services of a compose file or a cluster), private endings and the name of this machine.
 */
export function namesUs(header: string | undefined, { bound, also = [], machine = hostname() }: OwnNames): boolean {
  const name = nameIn(header);
  if (name === '') return false;
  if (isLoopback(name) || also.some((each) => each.toLowerCase() === name)) return true;
  if (isLoopback(bound)) return false;
  if (isIP(name) !== 0 || !name.includes('.')) return true;
  if (name === bound.toLowerCase() || name === machine.toLowerCase()) return true;
  return PRIVATE_ENDINGS.some((ending) => name.endsWith(ending));
}

/** The name in `name:port`, without the brackets of an IPv6 address and without the dot that may end a name. */
function nameIn(header = ''): string {
  const match = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(header);
  return match === null ? '' : match[1].replace(/^\[|\]$|\.$/g, '').toLowerCase();
}
