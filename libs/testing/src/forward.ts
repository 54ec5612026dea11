/** Hands an HTTP request on to another server on loopback, and its answer back. */
import { request as ask } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A target that is not there is a 502, as with any proxy. */
export function forward({ request, response }: Exchange, target: URL, headers: OutgoingHttpHeaders): void {
  const onward = ask(target, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  request.pipe(onward);
}
