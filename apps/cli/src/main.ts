/** The process behind `gradcast`: gives the command its world and turns its answer into an exit code. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { killAllChildren, processStarter } from './child.ts';
import { internalError, runCli, type World } from './cli.ts';
import { browserCommand, openBrowser } from './open-browser.ts';
import { EXIT_FAILED, type StopSignal } from './exit-codes.ts';
import { reportWriter } from './report-writer.ts';
import { packageVersion } from './version.ts';

const argv = process.argv.slice(2);

// Warnings of Node and of libraries are no words of this command's.
process.removeAllListeners('warning');
for (const stream of [process.stdout, process.stderr]) {
  // A reader that went away (`| head`, a closed terminal) is no reason to abandon a run.
  stream.on('error', () => undefined);
}
process.on('exit', killAllChildren);
process.on('uncaughtException', (error) => {
  process.stderr.write(internalError(error, process.env, argv));
  process.exit(EXIT_FAILED);
});

/** A closed terminal asks for the same as a polite kill. */
const SIGNALS: readonly (readonly [NodeJS.Signals, StopSignal])[] = [
  ['SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGTERM'],
  ['SIGHUP', 'SIGTERM'],
];

const world: World = {
  machine: { environment: process.env, cores: availableParallelism(), hostname: hostname() },
  stdout: process.stdout,
  stderr: process.stderr,
  now: () => performance.now(),
  delay: (milliseconds, action) => {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
  openBrowser: (url, onFailed) => {
    openBrowser(url, { start: spawn, command: browserCommand(process.platform, process.env), onFailed });
  },
  start: processStarter(dirname(fileURLToPath(import.meta.url))),
  tools: {
    doctor: async () => (await import('./doctor-command.ts')).doctorCommand,
    sample: async () => (await import('./sample.ts')).runSample,
    interpolate: async () => (await import('./interpolate.ts')).runInterpolate,
    animate: async () => (await import('./animate.ts')).runAnimate,
    export: async () => (await import('./export.ts')).runExport,
    evaluate: async () => (await import('./evaluate.ts')).runEvaluate,
    operate: async () => (await import('./operate.ts')).runOperation,
    join: async () => (await import('./join.ts')).runJoin,
    verify: async () => (await import('./verify.ts')).runVerify,
    replay: async () => (await import('./replay.ts')).runReplay,
    watch: () => import('./watch.ts'),
    ownTask: async () => (await import('./own-task.ts')).loadOwnTask,
  },
  version: packageVersion(import.meta.url),
  report: reportWriter(import.meta.url),
  secret: () => randomBytes(32).toString('base64url'),
  onSignal: (listener) => {
    const handlers = SIGNALS.map(([signal, meaning]) => [signal, () => listener(meaning)] as const);
    for (const [signal, handler] of handlers) process.on(signal, handler);
    return () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    };
  },
};

const exitCode = await runCli(argv, world);
// Compute libraries keep threads; what was printed leaves first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
