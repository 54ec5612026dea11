/**
 * The coordinator process. It is started by the `gradcast` command and told over the IPC pipe what to run.
 */
import { collectAtOnce, DOERS, tellParent, tellParentLast } from '@gradcast/config';
import type { ParentMessage, Summary } from '@gradcast/config';
import { keepFreedMemory } from '@gradcast/tensors';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { RunControl } from './run/control.ts';
import { Defects } from './run/defects.ts';
import { run } from './run/run.ts';

collectAtOnce();
keepFreedMemory();

const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;
/** A run that its operator stopped is not done: it ends as by a polite kill. */
const EXIT: Record<Summary['status'], number> = {
  completed: 0,
  stopped: SIGNAL_EXIT.SIGTERM,
  diverged: 1,
  failed: 1,
  abandoned: 75,
};

const control = new RunControl();
const localWorkers = new AbortController();
let stopSignal: keyof typeof SIGNAL_EXIT | undefined;

function stop(signal: keyof typeof SIGNAL_EXIT): void {
  if (stopSignal !== undefined) process.exit(SIGNAL_EXIT[signal]);
  stopSignal = signal;
  control.apply({ kind: 'signal', signal });
}

async function coordinate(message: Extract<ParentMessage, { type: 'coordinate' }>): Promise<never> {
  const { config, access, localSocket, tellsEvents = false } = message;
  const logger = pino({ name: 'coordinator', level: config.logLevel }, pino.destination({ fd: 2, sync: true }));
  const defects = new Defects({
    log: (error) => logger.error({ err: error }, 'a defect of the coordinator'),
    fatal: (error) => void fail(error, logger),
    after: (ms, callback) => void setTimeout(callback, ms).unref(),
  });
  process.on('uncaughtException', (error) => defects.report(error));
  try {
    const { summary } = await run({
      config,
      access,
      localSocket,
      logger,
      tell: tellParent,
      tellsEvents,
      control,
      localWorkersEnded: localWorkers.signal,
      defects,
      yieldRun: (error) => void fail(error, logger),
    });
    const bySignal = summary.status === 'stopped' && stopSignal !== undefined ? SIGNAL_EXIT[stopSignal] : undefined;
    const exitCode = bySignal ?? EXIT[summary.status];
    await tellParentLast({ type: 'finished', summary, exitCode });
    process.exit(exitCode);
  } catch (error) {
    return await fail(error, logger);
  }
}

/** Says why, and ends. */
async function fail(error: unknown, logger: Logger): Promise<never> {
  const { code, message, exitCode: failed = 1 } = error as Error & { code?: unknown; exitCode?: number };
  const exitCode = code === 'stopped' && stopSignal !== undefined ? SIGNAL_EXIT[stopSignal] : failed;
  if (typeof code !== 'string') logger.debug({ err: error }, 'unexpected error');
  const sentence = message || String(error);
  await tellParentLast({
    type: 'failed',
    code: typeof code === 'string' ? code : 'internal-error',
    sentence,
    exitCode,
  });
  process.exit(exitCode);
}

process.on('message', (message: ParentMessage) => {
  if (message.type === 'coordinate') void coordinate(message);
  if (message.type === 'local-workers-ended') localWorkers.abort();
  if (message.type === 'operate') {
    control.apply({ kind: 'operator', operation: message.operation, by: DOERS.program });
  }
  if (message.type === 'stop') stop(message.signal);
});
process.on('SIGTERM', () => stop('SIGTERM'));
// On a terminal the signal reaches the whole group; the command that started this process passes it on.
process.on('SIGINT', () => undefined);
// The command is gone, however it went: stop cleanly, nobody is left to tell.
process.on('disconnect', () => {
  if (stopSignal === undefined) stop('SIGTERM');
});
