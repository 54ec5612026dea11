/**
 * When a worker's frames are masked with zeros, which leaves them as they are.
 *
 * RFC 6455 (section 5.3) wants unpredictable masks so that a page cannot choose the bytes that an old proxy sees and takes
 * for HTTP. On loopback, in a Unix socket and inside TLS no proxy sees them, and both ends are spared a pass over megabytes.
 * A deviation from the letter of the RFC, and only there.
 */
import { isLoopback } from '@gradcast/protocol';

/** Whether nobody between this worker and the coordinator at `url` can see its bytes. */
export function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'wss:' || protocol === 'ws+unix:' || isLoopback(hostname);
}

/** For ws: the mask that it is given holds zeros and stays so. */
export function zeroMask(mask: Buffer): void {
  mask.fill(0);
}
