/** Whether a request that changes something comes from a page of ours, besides what `page-port.ts` sees to for all requests. */
import type { IncomingHttpHeaders } from 'node:http';
import { refuse } from './json-answers.ts';
import type { Refused } from './json-answers.ts';

/**
 * A page cannot leave its Origin out, nor send JSON to another origin unasked: whatever lacks either is none of ours. A foreign
 * Origin was refused before.
 *
 * @param sentences say whose requests are meant, and what the body is.
 */
export function refuseForeign(
  headers: IncomingHttpHeaders,
  { origin, body = 'the body is JSON, as application/json' }: { readonly origin: string; readonly body?: string },
): Refused | undefined {
  if (headers.origin === undefined) return refuse(403, 'origin-refused', origin);
  if (/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return undefined;
  return refuse(415, 'content-type', body);
}
