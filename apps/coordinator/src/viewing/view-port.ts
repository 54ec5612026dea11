/** What stands before the routes of the page on which people watch and steer: see `page-port.ts`. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { router } from '@gradcast/metrics';
import { refuse } from '../network/json-answers.ts';
import { headersFor, pagePort } from '../network/page-port.ts';
import { RateBudget } from '../network/rate-budget.ts';
import type { AnswerRequest, Asker } from '../network/server.ts';
import { steerRoutes, steers } from './steer-routes.ts';
import type { SteerRoutesOptions } from './steer-routes.ts';
import { viewRoutes } from './view-routes.ts';
import type { ViewRoutesOptions } from './view-routes.ts';

/** Its script makes elements and sets texts; nothing becomes markup or a script. */
export const HEADERS = headersFor([
  "script-src 'self'",
  "img-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
]);

/** A page, its files and its pictures; a slider may be moved over hundreds of them. */
const ASKS = { burst: 1024, perSecond: 32 };
/** What is computed or read at length for who asks. */
const DEAR = { burst: 64, perSecond: 2 };
/** Tokens that are tried. */
const TRIES = { burst: 16, perSecond: 0.2 };
/** What an operator does, and whoever else tries it. */
const ACTS = { burst: 16, perSecond: 0.5 };

export interface ViewPortOptions extends Omit<ViewRoutesOptions, 'isSteered'> {
  /** Undefined where nobody steers. */
  readonly steering: SteerRoutesOptions | undefined;
  /** Path before all others at a reverse proxy that leaves it there; empty without. */
  readonly prefix: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export function viewPort(options: ViewPortOptions): AnswerRequest {
  const { prefix, now, isOpen, steering } = options;
  const isSteered = steering !== undefined;
  const acts = steering ? steerRoutes(steering) : [];
  const [plain, secure] = [false, true].map((isSecure) =>
    router([...viewRoutes({ ...options, isSteered }, isSecure), ...acts]),
  );
  const asks = new RateBudget(ASKS, now);
  const dear = new RateBudget(DEAR, now);
  const tries = new RateBudget(TRIES, now);
  const acting = new RateBudget(ACTS, now);
  return pagePort({
    headers: HEADERS,
    owns: (path) => path === '/' || path.startsWith('/view/'),
    budgetOf: (path) => {
      if (path === '/view/session') return tries;
      if (steers(path)) return acting;
      return lasts(path) || path === '/view/snapshot' ? dear : asks;
    },
    // Whoever shares an operator's address cannot keep it from acting.
    payerOf: (path, { headers }) => (steers(path) ? operatorOf(steering, headers) : undefined),
    lasts,
    refuses: isOpen ? refuseProxied : undefined,
    onRefused: (path, code, { address }) => {
      if (steers(path)) steering?.onRefused(code, address);
    },
    answer: ({ scheme }) => (scheme === 'https' ? secure : plain),
    prefix,
    home: '/',
  });
}

/** No network is written like that. */
function operatorOf(steering: SteerRoutesOptions | undefined, headers: IncomingHttpHeaders): string | undefined {
  const person = steering?.sessions.sender(headers);
  return person?.role === 'operator' ? `operator ${person.name}` : undefined;
}

/** Events, and files that may be long. */
function lasts(path: string): boolean {
  return path === '/view/events' || (path.startsWith('/view/files/') && path !== '/view/files/grid');
}

/** Without tokens the page is for this machine: whoever comes by a proxy may be anybody. */
function refuseProxied({ headers }: IncomingMessage, { loopback }: Asker): ReturnType<typeof refuse> | undefined {
  const isProxied = ['forwarded', 'x-forwarded-for', 'via'].some((name) => headers[name] !== undefined);
  if (loopback && !isProxied) return undefined;
  return refuse(
    403,
    'view-token',
    'this page is for the machine that it is on, unless there are tokens of role viewer or operator',
  );
}
