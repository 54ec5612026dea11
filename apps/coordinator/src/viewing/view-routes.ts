/**
 * What the page on which people watch asks for, as routes:
 *
 *     GET  /                            -> the page; its files below /view/
 *     POST /view/session {"token"}      -> a cookie, where a token is asked for
 *     GET  /view/snapshot               -> how the run is, and how it came there
 *     GET  /view/events?after=SEQ       -> what happens, and how things are, as server-sent events; Last-Event-ID says the same
 *     GET  /view/files/NAME             -> a file of the run's folder; grid, checkpoint and ledger-part with ?number=N
 *
 * Nothing here changes anything. Whatever is refused is `{"code", "sentence"}`.
 */
import { JSON_TYPE } from '@gradcast/metrics';
import type { Answer, Route, RouteRequest } from '@gradcast/metrics';
import type { PageFiles } from '../network/page-files.ts';
import { refuse } from '../network/page-port.ts';
import { NAMED_FILES, NUMBERED_FILES } from './run-files.ts';
import type { NamedFile, RunFiles } from './run-files.ts';
import { VIEW_FILES } from './view-files.ts';
import type { ViewFile } from './view-files.ts';
import type { ViewSessions } from './view-sessions.ts';
import type { Viewers } from './viewers.ts';

export interface ViewRoutesOptions {
  readonly files: Pick<PageFiles<ViewFile>, 'answer'>;
  /** Undefined where everybody who can ask may watch. */
  readonly sessions: Pick<ViewSessions, 'cookieFor' | 'knows'> | undefined;
  readonly viewers: Pick<Viewers, 'add' | 'isFull'>;
  /** A `ViewSnapshot` as JSON. */
  readonly snapshot: () => Promise<string>;
  readonly runFiles: Pick<RunFiles, 'named' | 'numbered'>;
}

/** @param isSecure whether whoever asks comes by TLS. */
export function viewRoutes(options: ViewRoutesOptions, isSecure: boolean): Route[] {
  const { files, sessions, viewers, runFiles } = options;
  const get = (path: string, answer: Route['answer']): Route => ({ method: 'GET', path, answer });
  const shown = (path: string, answer: Route['answer']) =>
    get(path, (request) => (sessions && !sessions.knows(request.headers) ? UNKNOWN : answer(request)));
  const page = (path: string, name: ViewFile) => get(path, ({ headers }) => files.answer(name, headers));
  return [
    page('/', 'index.html'),
    ...(Object.keys(VIEW_FILES) as ViewFile[]).map((name) => page(`/view/${name}`, name)),
    { method: 'POST', path: '/view/session', answer: (request) => session(options, request, isSecure) },
    shown('/view/snapshot', async () => ({ status: 200, type: JSON_TYPE, body: await options.snapshot() })),
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

const UNKNOWN = refuse(401, 'view-token', 'whoever watches this run shows a token of role viewer first');

function session({ sessions }: ViewRoutesOptions, { headers, body }: RouteRequest, isSecure: boolean): Answer {
  // A page cannot leave its Origin out, nor send JSON to another origin unasked: whatever lacks either is none of ours.
  if (headers.origin === undefined) return refuse(403, 'origin-refused', 'sessions are for the page of this address');
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    return refuse(415, 'content-type', 'the body is {"token": TOKEN} as application/json');
  }
  const token = tokenIn(body);
  if (token === undefined) return refuse(400, 'view-token', 'the body is {"token": TOKEN}');
  const cookie = sessions?.cookieFor(token, isSecure);
  if (sessions && cookie === undefined) return refuse(403, 'view-token', 'this is not the token of a viewer');
  const also = cookie === undefined ? {} : { headers: { 'set-cookie': cookie } };
  return { status: 200, type: JSON_TYPE, body: '{}\n', ...also };
}

function tokenIn(body: string): string | undefined {
  try {
    const { token } = Object(JSON.parse(body)) as { token?: unknown };
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined;
  }
}
