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
import { JSON_TYPE } from '@gradcast/metrics';
import type { Answer, Route } from '@gradcast/metrics';
import { CoordinatorError } from '../failure.ts';
import type { EventStream } from '../records/event-stream.ts';
import type { Fleet } from './fleet.ts';
import type { Joining } from '../volunteers/joining.ts';
import type { RunControl } from './control.ts';

export interface OperationsOptions {
  readonly control: Pick<RunControl, 'apply' | 'state' | 'isEnding'>;
  readonly fleet: Pick<Fleet, 'drain' | 'workers'>;
  readonly stream: Pick<EventStream, 'read' | 'seq'>;
  /** Identity of the run's folder. */
  readonly folder: string;
  /** The step that closes next, counted from 1, and the run's last. */
  readonly step: () => number;
  readonly steps: number;
  /** Fewer workers than this compute nothing. */
  readonly minWorkers: number;
  /** How browser tabs join, if they may. */
  readonly joining?: Pick<Joining, 'link' | 'hasExpired' | 'revoke' | 'renew'>;
}

/** Where a run stands; `seq` is the number of the newest event. */
export interface Stand {
  readonly state: string;
  readonly pausing: boolean;
  readonly step: number;
  readonly steps: number;
  readonly seq: number;
  readonly minWorkers: number;
  readonly workers: readonly { readonly worker: string; readonly role: string; readonly state: string }[];
}

/** Workers that a sentence names. */
const NAMED = 8;

export function operations(options: OperationsOptions): Route[] {
  const { control, stream, folder } = options;
  const of = (method: 'GET' | 'POST', path: string, answer: Route['answer']): Route => ({
    method,
    path,
    answer: (request) => {
      const wanted = request.query.get('folder') ?? folder;
      if (wanted === folder) return answer(request);
      return refused(
        409,
        'run-copied',
        'the coordinator that answers has another folder open, of which this is a copy',
      );
    },
  });
  const change = (operation: 'pause' | 'resume') =>
    of('POST', `/${operation}`, () => {
      if (control.isEnding) return refused(409, 'run-ending', `the run goes on no more: it is ${control.state.name}`);
      return changed(control.apply({ kind: 'operator', operation }), options);
    });
  return [
    change('pause'),
    change('resume'),
    of('POST', '/stop', () => changed(control.apply({ kind: 'operator', operation: 'stop' }), options)),
    of('POST', '/drain', ({ body }) => drain(options, body)),
    of('GET', '/state', () => answered(standOf(options))),
    of('GET', '/events', ({ query }) => follow(stream, query.get('after'))),
    of('GET', '/join', () => linkOf(options)),
    of('POST', '/join/revoke', () => revoke(options)),
    of('POST', '/join/renew', () => renew(options)),
  ];
}

function standOf({ control, fleet, stream, step, steps, minWorkers }: OperationsOptions): Stand {
  const { name: state, pausing } = control.state;
  const workers = fleet.workers.map(({ name: worker, role, state }) => ({ worker, role, state }));
  return { state, pausing, step: step(), steps, seq: stream.seq, minWorkers, workers };
}

function drain(options: OperationsOptions, body: string): Answer {
  const worker = workerIn(body);
  if (worker === undefined) return refused(400, 'worker-missing', 'the body is {"worker": NAME}');
  const asked = options.fleet.drain(worker);
  if (asked !== 'unknown') return changed(asked === 'asked', options);
  const names = options.fleet.workers.map(({ name }) => name);
  return refused(404, 'worker-unknown', `no worker ${JSON.stringify(worker)} is connected; ${listed(names)}`);
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nobody is';
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more} ${names.length === 1 ? 'is' : 'are'}`;
}

function workerIn(body: string): string | undefined {
  try {
    const { worker } = Object(JSON.parse(body)) as { worker?: unknown };
    return typeof worker === 'string' ? worker : undefined;
  } catch {
    return undefined;
  }
}

function follow(stream: OperationsOptions['stream'], after: string | null): Answer {
  if (after !== null && !/^\d{1,15}$/.test(after)) {
    return refused(400, 'number-invalid', 'after is the number of an event');
  }
  const from = after === null ? stream.seq : Number(after);
  return {
    status: 200,
    type: 'application/jsonl',
    stream: (sink) => stream.read((event) => sink.write(`${JSON.stringify(event)}\n`), from),
  };
}

function linkOf({ joining }: OperationsOptions): Answer {
  if (!joining) return refused(409, 'join-off', 'the run was started without --join');
  const { link, hasExpired } = joining;
  if (!link) return refused(409, 'join-revoked', 'the link was taken back; --renew makes another');
  if (hasExpired) return refused(409, 'join-expired', 'the time of the link is over; --renew makes another');
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
    return refused(500, error.code, error.message);
  }
}

function changed(changed: boolean, options: OperationsOptions): Answer {
  return answered({ changed, ...standOf(options) });
}

function answered(body: object): Answer {
  return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

function refused(status: number, code: string, sentence: string): Answer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify({ code, sentence })}\n` };
}
