/**
 * What the join page asks for, as routes:
 *
 *     GET  /join                     -> the page, and its files below it
 *     POST /join/ticket {"code"}     -> {"ticket", "seconds"}, good for one upgrade
 *     GET  /join/run                 -> what is trained and how it goes; Authorization: Bearer CODE
 *     GET  /join/samples.png         -> the newest grid of samples; the same
 *
 * In place of the code a volunteer may show the secret of its session, which is good for as long as it takes part. Whatever is
 * refused is `{"code", "sentence"}`.
 */
import { readFile } from 'node:fs/promises';
import { JSON_TYPE } from '@gradcast/metrics';
import type { Answer, Route, RouteRequest } from '@gradcast/metrics';
import type { JoinFacts, OwnLeaves } from '@gradcast/protocol';
import { bearerToken } from '../network/admission.ts';
import { answered, refuse, textIn } from '../network/json-answers.ts';
import { refuseForeign } from '../network/own-page.ts';
import type { PageFiles } from '../network/page-files.ts';
import type { JoinCodes } from './join-code.ts';
import { JOIN_FILES } from './join-files.ts';
import type { JoinFile } from './join-files.ts';
import { TICKET_SECONDS } from './tickets.ts';
import type { Tickets } from './tickets.ts';

/** What the page is told of a run. */
export interface RunFacts extends JoinFacts {
  /** Most of a step's leaves that volunteers hold. */
  readonly share: number;
  readonly backend: string;
}

/** The newest grid of samples: the step that it shows, and its file. */
export interface Sample {
  readonly step: number;
  readonly path: string;
}

export interface JoinRoutesOptions {
  readonly files: Pick<PageFiles<JoinFile>, 'answer'>;
  readonly codes: Pick<JoinCodes, 'check'>;
  readonly tickets: Pick<Tickets, 'issue'>;
  /** The volunteer whose session's secret this is. */
  readonly volunteerOf: (secret: string) => OwnLeaves | undefined;
  readonly maxVolunteers: number;
  readonly facts: () => RunFacts;
  readonly sample: () => Sample | undefined;
}

export function joinRoutes(options: JoinRoutesOptions): Route[] {
  const { files, facts, sample } = options;
  const get = (path: string, answer: Route['answer']): Route => ({ method: 'GET', path, answer });
  const file = (path: string, name: JoinFile) => get(path, ({ headers }) => files.answer(name, headers));
  return [
    file('/join', 'index.html'),
    // The page names its files from where it is, without a slash at the end.
    get('/join/', () => ({ status: 308, type: JSON_TYPE, body: '', headers: { location: '../join' } })),
    ...(Object.keys(JOIN_FILES) as JoinFile[]).map((name) => file(`/join/${name}`, name)),
    { method: 'POST', path: '/join/ticket', answer: (request) => ticket(options, request) },
    get('/join/run', (request) => {
      const asking = askingIn(options, request);
      if ('refused' in asking) return asking.refused;
      const shown = sample();
      return answered({ ...facts(), you: asking.you, sample: shown ? { step: shown.step } : null });
    }),
    get('/join/samples.png', (request) => {
      const asking = askingIn(options, request);
      return 'refused' in asking ? asking.refused : samples(sample());
    }),
  ];
}

function ticket({ codes, tickets, maxVolunteers, facts }: JoinRoutesOptions, { headers, body }: RouteRequest): Answer {
  const foreign = refuseForeign(headers, {
    origin: 'tickets are for the page of this address',
    body: 'the body is {"code": CODE} as application/json',
  });
  if (foreign) return foreign;
  const code = textIn(body, 'code');
  if (code === undefined) return refuse(400, 'code-missing', 'the body is {"code": CODE}');
  const refused = refuseCode(codes.check(code));
  if (refused) return refused;
  if (facts().volunteers >= maxVolunteers) {
    const sentence = `the run has ${maxVolunteers} volunteers already; try again later`;
    return refuse(503, 'too-many-volunteers', sentence);
  }
  return answered({ ticket: tickets.issue(), seconds: TICKET_SECONDS });
}

/** Who asks, by the code or as a volunteer of its own session. */
function askingIn(
  { codes, volunteerOf }: JoinRoutesOptions,
  { headers }: RouteRequest,
): { readonly you: OwnLeaves | null } | { readonly refused: Answer } {
  const secret = bearerToken(headers);
  if (secret === undefined) return { refused: refuse(401, 'join-code-missing', 'the join code is missing') };
  const volunteer = volunteerOf(secret);
  if (volunteer) {
    const { leavesUsed, leavesChecked } = volunteer;
    return { you: { leavesUsed, leavesChecked } };
  }
  const refused = refuseCode(codes.check(secret));
  return refused ? { refused } : { you: null };
}

function refuseCode(found: ReturnType<JoinCodes['check']>): Answer | undefined {
  switch (found) {
    case 'good':
      return undefined;
    case 'expired':
      return refuse(403, 'join-code-expired', 'this link has expired: ask for a new one where you have it from');
    case 'wrong':
      return refuse(403, 'join-code-wrong', 'this link is not that of the run, or not any more: ask for a new one');
    default:
      return found satisfies never;
  }
}

async function samples(sample: Sample | undefined): Promise<Answer> {
  const bytes = sample && (await readFile(sample.path).catch(() => undefined));
  if (!bytes) return refuse(404, 'no-samples', 'there are no samples yet');
  return { status: 200, type: 'image/png', body: bytes };
}
