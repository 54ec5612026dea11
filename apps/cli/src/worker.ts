/** The command `worker`: one worker process, its signals and its words. */
import type { WorkerConfig } from '@gradcast/config';
import { exitText } from './child.ts';
import { EXIT_DONE, EXIT_FAILED, exitAfter, type StopSignal } from './exit-codes.ts';
import type { Surroundings } from './supervise.ts';

/** Beyond its grace, what a worker that was told to stop may take to send its last results and say goodbye. */
const STOP_MS = 15_000;

/** Runs a worker to its end. @returns the exit code. */
export async function superviseWorker(
  config: WorkerConfig,
  token: string | null,
  around: Surroundings,
): Promise<number> {
  const { reporter, delay, onSignal, start } = around;
  const heard: { failed: number | null; signal: StopSignal | null } = { failed: null, signal: null };
  let cancel: () => void = () => undefined;
  const child = start({
    entry: 'worker',
    logLevel: config.logLevel,
    first: { type: 'work', config, token },
    onMessage: (message) => {
      if (message.type === 'failed') {
        heard.failed = message.exitCode;
        reporter.error(message.code, message.sentence);
      } else if (message.type === 'backend') {
        reporter.json('backend', message);
        reporter.notice(message.sentence);
      } else if (message.type === 'notice') reporter.notice(message.sentence);
    },
  });
  const unsubscribe = onSignal((received) => {
    if (heard.signal === null) {
      heard.signal = received;
      child.stop(received);
      cancel = delay(config.graceSeconds * 1000 + STOP_MS, () => child.kill());
    } else child.kill();
  });
  try {
    const exit = await child.ended;
    if (heard.failed !== null) return heard.failed;
    // A worker that was told to stop and left in good order has done what it was asked for.
    if (exit.code === EXIT_DONE) return EXIT_DONE;
    if (heard.signal !== null) return exitAfter(heard.signal);
    reporter.error('worker-died', `the worker ended unexpectedly (${exitText(exit)})`);
    return EXIT_FAILED;
  } finally {
    cancel();
    unsubscribe();
  }
}
