/**
 * The worker process. It is started by the `gradcast` command and told over the IPC pipe whom to work for.
 */
import { collectAtOnce, tellParent, tellParentLast } from '@gradcast/config';
import type { ParentMessage } from '@gradcast/config';
import { pino } from 'pino';
import { work } from './work.ts';

collectAtOnce();

const EXIT_FAILED = 1;
const EXIT_UNREACHABLE = 75;

const stopping = new AbortController();

function stop(): void {
  // Asked twice: at once.
  if (stopping.signal.aborted) process.exit(EXIT_FAILED);
  stopping.abort();
}

async function start({ config, token }: Extract<ParentMessage, { type: 'work' }>): Promise<never> {
  const logger = pino(
    { name: `worker ${config.name}`, level: config.logLevel },
    pino.destination({ fd: 2, sync: true }),
  );
  try {
    const outcome = await work({ config, token, logger, tell: tellParent, stop: stopping.signal });
    switch (outcome.kind) {
      case 'done':
      case 'left':
        return process.exit(0);
      case 'refused':
        return await fail(outcome.code, outcome.sentence, EXIT_FAILED);
      case 'unreachable':
        return await fail('unreachable', outcome.sentence, EXIT_UNREACHABLE);
      default:
        return outcome satisfies never;
    }
  } catch (error) {
    const { code, message, exitCode = EXIT_FAILED } = error as Error & { code?: unknown; exitCode?: number };
    if (typeof code !== 'string') logger.debug({ err: error }, 'unexpected error');
    return fail(typeof code === 'string' ? code : 'internal-error', message || String(error), exitCode);
  }
}

async function fail(code: string, sentence: string, exitCode: number): Promise<never> {
  await tellParentLast({ type: 'failed', code, sentence, exitCode });
  process.exit(exitCode);
}

process.on('message', (message: ParentMessage) => {
  if (message.type === 'work') void start(message);
  if (message.type === 'stop') stop();
});
process.on('SIGTERM', stop);
// On a terminal the signal reaches the whole group; the command that started this process passes it on.
process.on('SIGINT', () => undefined);
// The command is gone, however it went: say goodbye and end.
process.on('disconnect', () => stopping.abort());
