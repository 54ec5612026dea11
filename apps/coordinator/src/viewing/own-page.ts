/** Whether a request that changes something comes from a page of ours, besides what `page-port.ts` sees to for all requests. */
import type { IncomingHttpHeaders } from 'node:http';
import { refuse } from '../network/page-port.ts';
import type { Refused } from '../network/page-port.ts';

/**
 * A page cannot leave its Origin out, nor send JSON to another origin unasked: whatever lacks either is none of ours. A foreign
 * Origin was refused before.
 *
 * @param sentence says whose requests are meant.
 */
export function refuseForeign(headers: IncomingHttpHeaders, sentence: string): Refused | undefined {
  if (headers.origin === undefined) return refuse(403, 'origin-refused', sentence);
  if (/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return undefined;
  return refuse(415, 'content-type', 'the body is JSON, as application/json');
}
