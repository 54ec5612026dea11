/**
 * What an operator may do with a run, as routes of its control socket.
 *
 *     POST /pause, /resume, /stop     -> whether that changed anything, and where the run stands
 *     POST /drain {"worker": NAME}    -> the same; the worker was asked to finish and go
 *     GET  /state                     -> where the run stands
 *     GET  /events?after=SEQ          -> JSON lines, those that are kept first, then each as it happens, to the run's end
 *     GET  /join                      -> the link by which browser tabs join
 *     POST /join/revoke, /join/renew  -> takes it back, and who came by it; makes another
 *
 * A request may say by `folder` whose run it means ({@link folderIdentity}). Whatever is refused is `{"code", "sentence"}`.
 */
import { DOERS } from '@gradcast/config';
import type { Answer, Route } from '@gradcast/metrics';
import { CoordinatorError } from '../failure.ts';
import { answered, refuse } from '../network/json-answers.ts';
import type { EventStream } from '../records/event-stream.ts';
import type { Joining } from '../volunteers/joining.ts';
import type { Acts } from './acts.ts';

export interface OperationsOptions {
  readonly acts: Acts;
  readonly stream: Pick<EventStream, 'read' | 'seq'>;
  /** Identity of the run's folder. */
  readonly folder: string;
  /** How browser tabs join, if they may. */
  readonly joining?: Pick<Joining, 'link' | 'hasExpired' | 'revoke' | 'renew'>;
}

export function operations(options: OperationsOptions): Route[] {
  const { acts, stream, folder } = options;
  const of = (method: 'GET' | 'POST', path: string, answer: Route['answer']): Route => ({
    method,
    path,
    answer: (request) => {
      const wanted = request.query.get('folder') ?? folder;
      if (wanted === folder) return answer(request);
      return refuse(409, 'run-copied', 'the coordinator that answers has another folder open, of which this is a copy');
    },
  });
  return [
    of('POST', '/pause', () => acts.pause(DOERS.control)),
    of('POST', '/resume', () => acts.resume(DOERS.control)),
    of('POST', '/stop', () => acts.stop(DOERS.control)),
    of('POST', '/drain', ({ body }) => acts.drain(body, DOERS.control)),
    of('GET', '/state', () => answered(acts.stand)),
    of('GET', '/events', ({ query }) => follow(stream, query.get('after'))),
    of('GET', '/join', () => linkOf(options)),
    of('POST', '/join/revoke', () => revoke(options)),
    of('POST', '/join/renew', () => renew(options)),
  ];
}

function follow(stream: OperationsOptions['stream'], after: string | null): Answer {
  if (after !== null && !/^\d{1,15}$/.test(after)) {
    return refuse(400, 'number-invalid', 'after is the number of an event');
  }
  const from = after === null ? stream.seq : Number(after);
  return {
    status: 200,
    type: 'application/jsonl',
    stream: (sink) => stream.read((event) => sink.write(`${JSON.stringify(event)}\n`), from),
  };
}

function linkOf({ joining }: OperationsOptions): Answer {
  if (!joining) return refuse(409, 'join-off', 'the run was started without --join');
  const { link, hasExpired } = joining;
  if (!link) return refuse(409, 'join-revoked', 'the link was taken back; --renew makes another');
  if (hasExpired) return refuse(409, 'join-expired', 'the time of the link is over; --renew makes another');
  return answered(link);
}

function revoke({ joining, ...options }: OperationsOptions): Answer | Promise<Answer> {
  if (!joining) return linkOf(options);
  return written(async () => answered({ dismissed: await joining.revoke() }));
}

function renew(options: OperationsOptions): Promise<Answer> {
  return written(async () => {
    await options.joining?.renew();
    return linkOf(options);
  });
}

/** A disk that takes no code is told as what it is. */
async function written(change: () => Promise<Answer>): Promise<Answer> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof CoordinatorError)) throw error;
    return refuse(500, error.code, error.message);
  }
}
