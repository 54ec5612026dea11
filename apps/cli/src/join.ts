/** `gradcast join`: the link by which browser tabs join a run that goes on, shown again, taken back, or made anew. */
import { RunError } from '@gradcast/files';
import { readRun } from '@gradcast/run-folder';
import { ControlClient, OperateError } from './control-client.ts';
import type { Answer } from './control-client.ts';
import { EXIT_DONE, EXIT_FAILED } from './exit-codes.ts';
import { isForOthers, linkSentences, qrCode } from './join-link.ts';
import { notRunning } from './operate.ts';

export interface JoinRequest {
  /** Run folder. */
  readonly run: string;
  /** Whether the link there is is taken back, and with it those who came by it. */
  readonly revoke: boolean;
  /** Whether another link is made. */
  readonly renew: boolean;
  /** One JSON object instead of sentences. */
  readonly json: boolean;
}

/** Does it and says what came of it; returns the exit code. Errors are thrown, and with `json` also printed. */
export async function runJoin(request: JoinRequest, say: (line: string) => void): Promise<number> {
  const { json } = request;
  try {
    const { dismissed, link } = await join(request);
    if (json) {
      say(JSON.stringify({ type: 'join', ok: true, ...(dismissed !== undefined && { dismissed }), ...link }));
      return EXIT_DONE;
    }
    if (dismissed !== undefined) say(`the link is good for nothing any more; ${counted(dismissed)} sent away`);
    if (link) {
      for (const sentence of linkSentences(link)) say(sentence);
      if (isForOthers(link.url)) say(await qrCode(link.url));
    }
    return EXIT_DONE;
  } catch (error) {
    if (!json || !(error instanceof OperateError || error instanceof RunError)) throw error;
    say(JSON.stringify({ type: 'join', ok: false, code: error.code, sentence: error.message }));
    return error instanceof RunError ? error.exitCode : EXIT_FAILED;
  }
}

interface Done {
  readonly dismissed?: number;
  readonly link?: { readonly url: string; readonly expires: number };
}

/**
 * @throws RunError `run-missing`, `run-corrupt`; OperateError `run-not-running`, `join-off`, `join-revoked`, `join-expired` and
 *   more, see docs/configuration.md.
 */
async function join({ run, revoke, renew }: JoinRequest): Promise<Done> {
  await readRun(run);
  const client = await ControlClient.find(run);
  const ask = async (method: 'GET' | 'POST', path: string): Promise<Answer> => {
    const answer = await client?.ask(method, path);
    if (!answer) throw await notRunning(run);
    return answer;
  };
  const dismissed = revoke ? Number((await ask('POST', '/join/revoke'))['dismissed']) : undefined;
  if (revoke && !renew) return { dismissed };
  const { url, expires } = renew ? await ask('POST', '/join/renew') : await ask('GET', '/join');
  return { dismissed, link: { url: String(url), expires: Number(expires) } };
}

function counted(volunteers: number): string {
  return volunteers === 1 ? '1 volunteer was' : `${volunteers} volunteers were`;
}
