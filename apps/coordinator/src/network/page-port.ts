/**
 * What stands before the routes of a page: who asks, how often, by which name, and what a browser may do with the answer.
 *
 * Invariants: every answer has all headers of {@link headersFor}; no request of another page, under a name that is not ours, in
 * a frame, or beyond the rate of its address reaches a route.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { JSON_TYPE } from '@gradcast/metrics';
import type { RequestHandler } from '@gradcast/metrics';
import { checkAddress } from './admission.ts';
import { networkOf } from './address-network.ts';
import { refuse } from './json-answers.ts';
import type { Refused } from './json-answers.ts';
import { OpenAnswers } from './open-answers.ts';
import type { RateBudget } from './rate-budget.ts';
import type { AnswerRequest, Asker, Inquirer } from './server.ts';

/** What every page of ours may do: load its own files, talk to where it is from, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "connect-src 'self'",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** Headers of all answers of a page. @param policy what it may do besides. */
export function headersFor(policy: readonly string[]): Readonly<Record<string, string>> {
  return {
    'content-security-policy': [...POLICY, ...policy].join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    // Firefox and Chromium then send no Origin with a POST of mode `same-origin`; the pages' are of the usual mode, `cors`.
    'referrer-policy': 'no-referrer',
    // Alone in its process, with shared memory and fine clocks.
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  };
}

/** Where a page of another site would show ours; frames of our own there are none. */
const FRAMES = new Set(['iframe', 'frame', 'embed', 'object', 'fencedframe']);

export interface PagePortOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Whether a path is one of this page's. */
  readonly owns: (path: string) => boolean;
  readonly budgetOf: (path: string) => RateBudget;
  /** Whom a request is charged to, if not to its address: nobody else then uses up what is theirs. */
  readonly payerOf?: (path: string, request: IncomingMessage) => string | undefined;
  /** Answers that go on for as long as both ends want, and are bounded where they are made. */
  readonly lasts?: (path: string) => boolean;
  /** @returns why whoever asks is not answered, if there is a reason besides those here. */
  readonly refuses?: (request: IncomingMessage, asker: Asker) => Refused | undefined;
  /** A request reached no route. */
  readonly onRefused?: (path: string, code: string, asker: Asker) => void;
  readonly answer: (asker: Inquirer) => RequestHandler;
  /** Path before all others at a reverse proxy that leaves it there; empty without. */
  readonly prefix: string;
  /** Where the page is, for who asks for what there is not. */
  readonly home: string;
}

export function pagePort(options: PagePortOptions): AnswerRequest {
  const { headers, owns, budgetOf, prefix, home } = options;
  const open = new OpenAnswers();
  return (request, response, asker) => {
    const url = request.url ?? '';
    const rest = prefix !== '' && url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url;
    const path = rest.split('?', 1)[0];
    if (!owns(path)) return false;
    request.url = rest;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const address = networkOf(asker.address);
    const refused =
      refuseAsker(request, asker) ??
      options.refuses?.(request, asker) ??
      refuseFlood(budgetOf(path).take(options.payerOf?.(path, request) ?? address)) ??
      (open.take(address, request.socket, response) ? undefined : refuseFlood(1000)) ??
      (options.lasts?.(path) && !asker.lasts() ? refuseFlood(LATER_MS) : undefined);
    if (refused) {
      options.onRefused?.(path, refused.code, asker);
      send({ request, response }, refused);
    } else if (!options.answer(asker)(request, response)) {
      send({ request, response }, refuse(404, 'no-such-page', `there is nothing here; the page is at ${home}`));
    }
    return true;
  };
}

/** When a place may be free again. */
const LATER_MS = 5000;

function refuseAsker({ headers }: IncomingMessage, asker: Asker): Refused | undefined {
  const foreign = checkAddress(headers, asker);
  if (foreign) return refuse(foreign.status, foreign.code, foreign.sentence);
  // Browsers say what a page is fetched for; the headers of the answer hold for those that do not.
  const { 'sec-fetch-dest': destination, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  if (typeof destination === 'string' && FRAMES.has(destination)) {
    return refuse(403, 'frame-refused', 'this page is shown in no frame');
  }
  if (typeof site === 'string' && site !== 'same-origin' && site !== 'none' && mode !== 'navigate') {
    return refuse(403, 'origin-refused', 'pages of other origins may not ask for this');
  }
  return undefined;
}

function refuseFlood(waitMs: number): Refused | undefined {
  if (waitMs === 0) return undefined;
  const seconds = Math.ceil(waitMs / 1000);
  return { ...refuse(429, 'too-many-requests', `too many requests; try again in ${seconds} s`), seconds };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Its connection goes with the answer: what else it would send is not read. */
function send({ request, response }: Exchange, { status, body, seconds }: Refused): void {
  response.writeHead(status, {
    'content-type': JSON_TYPE,
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...(seconds !== undefined && { 'retry-after': String(seconds) }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
