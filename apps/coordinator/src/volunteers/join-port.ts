/**
 * What stands before the routes of the join page: who asks, how often, by which name, and what a browser may do with the answer.
 *
 * Invariants: every answer below `/join` has all headers of {@link HEADERS}; no request of another page, under a name that is
 * not ours, in a frame, or beyond the rate of its address reaches a route.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { JSON_TYPE, router } from '@gradcast/metrics';
import type { Route } from '@gradcast/metrics';
import { checkAddress } from '../network/admission.ts';
import { networkOf } from '../network/address-network.ts';
import { RateBudget } from '../network/rate-budget.ts';
import type { AnswerRequest, Asker } from '../network/server.ts';
import { refuse } from './join-routes.ts';
import { OpenAnswers } from './open-answers.ts';

/** The page loads its own files, talks to where it is from, computes, shows images it was given, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

export const HEADERS = {
  'content-security-policy': POLICY.join('; '),
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  // Firefox and Chromium then send no Origin with a POST of mode `same-origin`; the page's are of the usual mode, `cors`.
  'referrer-policy': 'no-referrer',
  // Alone in its process, with shared memory and fine clocks.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
} as const;

/** Where a page of another site would show ours; frames of our own there are none. */
const FRAMES = new Set(['iframe', 'frame', 'embed', 'object', 'fencedframe']);

/** Files: a room full of devices behind one router opens the page at once. */
const FILES = { burst: 512, perSecond: 8 };
/** What a page asks for every few seconds. */
const ASKS = { burst: 256, perSecond: 16 };

export interface JoinPortOptions {
  readonly routes: readonly Route[];
  /** Each may come with a ticket, lose its connection, and come again. */
  readonly maxVolunteers: number;
  /** Path before `/join` at a reverse proxy that leaves it there; empty without. */
  readonly prefix: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export function joinPort({ routes, maxVolunteers, prefix, now }: JoinPortOptions): AnswerRequest {
  const answer = router(routes);
  const open = new OpenAnswers();
  const files = new RateBudget(FILES, now);
  const asks = new RateBudget(ASKS, now);
  const tickets = new RateBudget({ burst: 2 * maxVolunteers + 16, perSecond: 2 }, now);
  const budgetOf = (path: string) => {
    if (path === '/join/ticket') return tickets;
    return path === '/join/run' || path === '/join/samples.png' ? asks : files;
  };
  return (request, response, asker) => {
    const url = request.url ?? '';
    const rest = prefix !== '' && url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url;
    const path = rest.split('?', 1)[0];
    if (path !== '/join' && !path.startsWith('/join/')) return false;
    request.url = rest;
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const address = networkOf(asker.address);
    const refused =
      refuseAsker(request, asker) ??
      refuseFlood(budgetOf(path).take(address)) ??
      (open.take(address, request.socket, response) ? undefined : refuseFlood(1000));
    if (refused) send({ request, response }, refused);
    else if (!answer(request, response)) {
      send({ request, response }, refuse(404, 'no-such-page', 'there is nothing here; the page is at /join'));
    }
    return true;
  };
}

type Refused = ReturnType<typeof refuse> & { readonly seconds?: number };

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
