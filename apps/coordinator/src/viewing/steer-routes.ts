/**
 * What operators do from the page, as routes that exist with `--steer` alone:
 *
 *     POST /view/pause, /view/resume  {}                -> as on the control socket
 *     POST /view/drain                {"worker": NAME}  -> the same
 *     POST /view/stop                 {"confirm": RUN}  -> the same; RUN is the run's id, so that no slip of a hand stops it
 *
 * Invariant: an act is asked for by a page of our own origin, as JSON, which no form sends, with the cookie of an operator.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { DOERS } from '@gradcast/config';
import type { Answer, Route, RouteRequest } from '@gradcast/metrics';
import { refuse, textIn } from '../network/json-answers.ts';
import type { Refused } from '../network/json-answers.ts';
import { refuseForeign } from '../network/own-page.ts';
import { LINK_HOLDER } from './view-sessions.ts';
import type { ViewSessions } from './view-sessions.ts';

/** The acts themselves, as the control socket has them: `run/acts.ts`. */
export interface RunActs {
  pause(by: string): Answer;
  resume(by: string): Answer;
  stop(by: string): Answer;
  /** @param body `{"worker": NAME}`. */
  drain(body: string, by: string): Answer;
}

export interface SteerRoutesOptions {
  readonly sessions: Pick<ViewSessions, 'sender'>;
  readonly acts: RunActs;
  /** Id of the run. */
  readonly run: string;
  readonly onRefused: (code: string, who: string) => void;
}

const ACTS = ['pause', 'resume', 'drain', 'stop'] as const;
type Act = (typeof ACTS)[number];

const PATHS: ReadonlySet<string> = new Set(ACTS.map((act) => `/view/${act}`));

/** Whether a path is one by which a run is steered. */
export function steers(path: string): boolean {
  return PATHS.has(path);
}

export function steerRoutes(options: SteerRoutesOptions): Route[] {
  return ACTS.map((act) => ({
    method: 'POST',
    path: `/view/${act}`,
    answer: ({ headers, body }: RouteRequest) => {
      const asking = operatorIn(headers, options);
      if ('code' in asking) {
        options.onRefused(asking.code, asking.who);
        return asking.refused;
      }
      return doneBy(asking.by, act, { body, ...options });
    },
  }));
}

type Asking = { readonly by: string } | { readonly refused: Answer; readonly code: string; readonly who: string };

function operatorIn(headers: IncomingHttpHeaders, { sessions }: SteerRoutesOptions): Asking {
  const person = sessions.sender(headers);
  const not = (refused: Refused): Asking => ({ refused, code: refused.code, who: person?.name ?? 'nobody known' });
  const foreign = refuseForeign(headers, { origin: 'acts are for the page of this address' });
  if (foreign) return not(foreign);
  if (!person) return not(refuse(401, 'view-token', 'whoever steers this run shows a token of role operator first'));
  if (person.role !== 'operator') return not(refuse(403, 'not-operator', 'viewers see a run and do not steer it'));
  return { by: person.name === LINK_HOLDER ? DOERS.link : person.name };
}

function doneBy(by: string, act: Act, { acts, run, body, onRefused }: SteerRoutesOptions & { body: string }): Answer {
  switch (act) {
    case 'pause':
      return acts.pause(by);
    case 'resume':
      return acts.resume(by);
    case 'drain':
      return acts.drain(body, by);
    case 'stop': {
      if (textIn(body, 'confirm') === run) return acts.stop(by);
      const refused = refuse(400, 'not-confirmed', 'a stop is confirmed by the id of the run: {"confirm": RUN}');
      onRefused(refused.code, by);
      return refused;
    }
    default:
      return act satisfies never;
  }
}
