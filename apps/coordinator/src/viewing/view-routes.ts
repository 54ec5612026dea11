/**
 * What the page on which people watch asks for, as routes, besides what operators do there (`steer-routes.ts`):
 *
 *     GET  /                            -> the page; its files below /view/
 *     POST /view/session {"token"}      -> a cookie and the role that it is for, where there are tokens
 *     GET  /view/snapshot               -> how the run is, and how it came there
 *     GET  /view/events?after=SEQ       -> what happens, and how things are, as server-sent events; Last-Event-ID says the same
 *     GET  /view/files/NAME             -> a file of the run's folder; grid, checkpoint and ledger-part with ?number=N
 *
 * Nothing here changes anything. Whatever is refused is `{"code", "sentence"}`.
 */
import { JSON_TYPE } from '@gradcast/metrics';
import type { Answer, Route, RouteRequest } from '@gradcast/metrics';
import type { ViewYou } from '@gradcast/protocol';
import { answered, refuse, textIn } from '../network/json-answers.ts';
import { refuseForeign } from '../network/own-page.ts';
import type { PageFiles } from '../network/page-files.ts';
import { NAMED_FILES, NUMBERED_FILES } from './run-files.ts';
import type { NamedFile, RunFiles } from './run-files.ts';
import { VIEW_FILES } from './view-files.ts';
import type { ViewFile } from './view-files.ts';
import { LINK_HOLDER } from './view-sessions.ts';
import type { ViewSessions } from './view-sessions.ts';
import type { Viewers } from './viewers.ts';

export interface ViewRoutesOptions {
  readonly files: Pick<PageFiles<ViewFile>, 'answer'>;
  /** Whether everybody who can ask may watch. */
  readonly isOpen: boolean;
  /** Undefined where nobody has a token. */
  readonly sessions: Pick<ViewSessions, 'enter' | 'sender'> | undefined;
  /** Whether operators may steer. */
  readonly isSteered: boolean;
  readonly viewers: Pick<Viewers, 'add' | 'isFull'>;
  /** A `ViewSnapshot` as JSON, but for whom it is told. */
  readonly snapshot: () => Promise<string>;
  readonly runFiles: Pick<RunFiles, 'named' | 'numbered'>;
}

/** @param isSecure whether whoever asks comes by TLS. */
export function viewRoutes(options: ViewRoutesOptions, isSecure: boolean): Route[] {
  const { files, isOpen, sessions, viewers, runFiles } = options;
  const get = (path: string, answer: Route['answer']): Route => ({ method: 'GET', path, answer });
  const shown = (path: string, answer: Route['answer']) =>
    get(path, (request) => (isOpen || sessions?.sender(request.headers) ? answer(request) : UNKNOWN));
  const page = (path: string, name: ViewFile) => get(path, ({ headers }) => files.answer(name, headers));
  return [
    page('/', 'index.html'),
    ...(Object.keys(VIEW_FILES) as ViewFile[]).map((name) => page(`/view/${name}`, name)),
    { method: 'POST', path: '/view/session', answer: (request) => session(options, request, isSecure) },
    shown('/view/snapshot', async ({ headers }) => {
      const body = addressed(await options.snapshot(), youOf(options, headers));
      return { status: 200, type: JSON_TYPE, body };
    }),
    shown('/view/events', ({ query, headers }) => {
      const after = headers['last-event-id'] ?? query.get('after') ?? undefined;
      if (after !== undefined && !/^\d{1,15}$/.test(String(after))) {
        return refuse(400, 'number-invalid', 'after is the number of an event');
      }
      if (viewers.isFull) return refuse(503, 'too-many-viewers', 'as many watch as there is room for');
      const from = after === undefined ? undefined : Number(after);
      return { status: 200, type: 'text/event-stream', stream: (sink) => viewers.add(sink, from) };
    }),
    ...(Object.keys(NAMED_FILES) as NamedFile[]).map((name) =>
      shown(`/view/files/${name}`, () => runFiles.named(name)),
    ),
    ...NUMBERED_FILES.map((kind) =>
      shown(`/view/files/${kind}`, ({ query }) => runFiles.numbered(kind, query.get('number'))),
    ),
  ];
}

const UNKNOWN = refuse(401, 'view-token', 'whoever watches this run shows a token of role viewer or operator first');

function youOf({ sessions, isSteered }: ViewRoutesOptions, headers: RouteRequest['headers']): ViewYou {
  const { name = null, role } = sessions?.sender(headers) ?? {};
  const steering = isSteered ? (role === 'operator' ? 'yours' : 'others') : 'off';
  return { name: name === LINK_HOLDER ? null : name, steering };
}

/** What is the same for all who ask is made once: what differs is set before it. @param snapshot a JSON object with something in it. */
function addressed(snapshot: string, you: ViewYou): string {
  return `{"you":${JSON.stringify(you)},${snapshot.slice(1)}`;
}

function session({ sessions }: ViewRoutesOptions, { headers, body }: RouteRequest, isSecure: boolean): Answer {
  const foreign = refuseForeign(headers, { origin: 'sessions are for the page of this address' });
  if (foreign) return foreign;
  const token = textIn(body, 'token');
  if (token === undefined) return refuse(400, 'view-token', 'the body is {"token": TOKEN}');
  // Where nobody has a token none is needed.
  if (!sessions) return answered({ role: null });
  const entered = sessions.enter(token, isSecure);
  if (!entered) return refuse(403, 'view-token', 'this is the token of no viewer or operator');
  const { person, cookie } = entered;
  return { ...answered({ role: person.role }), headers: { 'set-cookie': cookie } };
}
