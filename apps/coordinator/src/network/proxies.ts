/**
 * Who is behind a reverse proxy. Anybody can send the headers in which a proxy says so; they count only where the connection
 * comes from an address that the operator named, and only as far as such addresses reach in them.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Proxies between us and a client; nobody has more. */
const MOST_HOPS = 16;

export class TrustedProxies {
  readonly #list = new BlockList();

  /** @param networks addresses, or networks such as `10.0.0.0/8`. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const parts = network.split('/');
      const [address] = parts;
      const bits = parts.at(1);
      const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  /**
   * Whom a request is of.
   *
   * @param address of the connection.
   * @returns the nearest address in X-Forwarded-For that is no trusted proxy, or that of the farthest proxy there is.
   */
  clientOf(address: string, headers: IncomingHttpHeaders): string {
    const written = headers['x-forwarded-for'];
    const hops = (typeof written === 'string' ? written.split(',') : (written ?? [])).slice(-MOST_HOPS);
    let client = address;
    while (this.#trusts(client) && hops.length > 0) {
      const hop = addressIn(hops.pop()!);
      if (hop === undefined) break;
      client = hop;
    }
    return client;
  }

  /** What a trusted proxy says its client speaks; undefined where there is none, or it says nothing. */
  schemeOf(address: string, headers: IncomingHttpHeaders): 'http' | 'https' | undefined {
    const written = headers['x-forwarded-proto'];
    if (typeof written !== 'string' || !this.#trusts(address)) return undefined;
    const [first] = written.split(',');
    const scheme = first.trim().toLowerCase();
    return scheme === 'http' || scheme === 'https' ? scheme : undefined;
  }

  #trusts(address: string): boolean {
    const [bare] = address.split('%');
    const family = isIP(bare);
    return family !== 0 && this.#list.check(bare, family === 4 ? 'ipv4' : 'ipv6');
  }
}

/** An address as proxies write it: bare, in brackets, or with a port behind. */
function addressIn(written: string): string | undefined {
  const text = written.trim().replace(/^::ffff:(?=\d+\.)/i, '');
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : bare;
}
