/** What stands before the routes of the join page: see `page-port.ts`. */
import { router } from '@gradcast/metrics';
import type { Route } from '@gradcast/metrics';
import { headersFor, pagePort } from '../network/page-port.ts';
import { RateBudget } from '../network/rate-budget.ts';
import type { AnswerRequest } from '../network/server.ts';

/** The page computes in workers, and shows images that it was given. */
export const HEADERS = headersFor([
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "img-src 'self' blob:",
]);

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
  const files = new RateBudget(FILES, now);
  const asks = new RateBudget(ASKS, now);
  const tickets = new RateBudget({ burst: 2 * maxVolunteers + 16, perSecond: 2 }, now);
  return pagePort({
    headers: HEADERS,
    owns: (path) => path === '/join' || path.startsWith('/join/'),
    budgetOf: (path) => {
      if (path === '/join/ticket') return tickets;
      return path === '/join/run' || path === '/join/samples.png' ? asks : files;
    },
    answer: () => answer,
    prefix,
    home: '/join',
  });
}
