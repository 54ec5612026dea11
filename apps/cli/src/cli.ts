/**
 * The `gradcast` command: reads the command line, does what it says, answers with an exit code.
 *
 * Invariant: whatever goes wrong, a user reads one sentence per problem with a stable code, and no stack trace.
 */
import {
  type CommandName,
  COMMANDS,
  ConfigError,
  didYouMean,
  type Machine,
  type OutputConfig,
  type Problem,
  quoted,
  resolveCoordinator,
  resolveTrain,
  resolveWorker,
  taskFileOf,
  yaml,
} from '@gradcast/config';
import type { StartChild } from './child.ts';
import { runDemo } from './demo.ts';
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from './exit-codes.ts';
import { commandHelp, generalHelp } from './help.ts';
import type { Delay } from './local-workers.ts';
import { animateFromArgs, exportFromArgs, interpolateFromArgs } from './output-tools.ts';
import { Reporter, type Sink } from './reporter.ts';
import { stoppable } from './stoppable.ts';
import type { Surroundings } from './supervise.ts';
import {
  doctorFromArgs,
  evaluateFromArgs,
  joinFromArgs,
  operateFromArgs,
  replayFromArgs,
  sampleFromArgs,
  type Tools,
  verifyFromArgs,
} from './tools.ts';
import { runCoordinator, runTrain } from './train.ts';
import { watchFromArgs } from './watch/from-args.ts';
import type { Screen } from './watch/watching.ts';
import { superviseWorker } from './worker.ts';

/** What the command needs of the world; tests put their own in its place. */
export interface World extends Pick<Surroundings, 'onSignal' | 'openBrowser' | 'report'> {
  readonly machine: Machine;
  readonly stdout: Screen;
  readonly stderr: Sink;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly delay: Delay;
  readonly start: StartChild;
  readonly tools: Tools;
  readonly version: string;
  /** Unpredictable text for the token of a run nobody else may join. */
  readonly secret: () => string;
}

/**
 * Runs one command line.
 *
 * @param argv arguments after `gradcast`.
 * @returns the exit code. Never throws for what a user can cause.
 */
export async function runCli(argv: readonly string[], world: World): Promise<number> {
  const width = Math.min(100, Math.max(40, world.stdout.columns ?? 80));
  const first = argv.at(0);
  const rest = argv.slice(1);
  const beforeOperands = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  const asksForHelp = beforeOperands.some((argument) => argument === '--help' || argument === '-h');
  switch (first) {
    case undefined:
      world.stderr.write(generalHelp(width));
      return EXIT_USAGE;
    case '--version':
    case '-V':
      world.stdout.write(`${world.version}\n`);
      return EXIT_DONE;
    case '--help':
    case '-h':
    case 'help': {
      const about = rest.at(0);
      if (about === undefined || about.startsWith('-')) {
        world.stdout.write(generalHelp(width));
        return EXIT_DONE;
      }
      return isCommand(about) ? showHelp(about, width, world) : refuse([unknownCommand(about)], world);
    }
    default:
      if (!isCommand(first)) return refuse([unknownCommand(first)], world);
      if (asksForHelp) return showHelp(first, width, world);
      return dispatch(first, rest, world);
  }
}

async function dispatch(command: CommandName, args: readonly string[], world: World): Promise<number> {
  try {
    switch (command) {
      case 'train': {
        const run = resolveTrain(args, await machineFor('train', args, world));
        if (run.output.printConfig) return printConfig(run.printable, run.output, world);
        return await runTrain(run, surroundings(run.output, run.coordinator.logInterval, world), world.secret);
      }
      case 'coordinator': {
        const run = resolveCoordinator(args, await machineFor('coordinator', args, world));
        if (run.output.printConfig) return printConfig(run.printable, run.output, world);
        return await runCoordinator(run, surroundings(run.output, run.coordinator.logInterval, world), world.secret);
      }
      case 'worker': {
        const { output, printable, worker, token } = resolveWorker(args, world.machine);
        if (output.printConfig) return printConfig(printable, output, world);
        return await superviseWorker(worker, token, surroundings(output, 1, world));
      }
      case 'pause':
      case 'resume':
      case 'stop':
      case 'drain':
        return await operateFromArgs(command, { args, ...world }, (line) => world.stdout.write(`${line}\n`));
      case 'runs':
      case 'top':
      case 'events':
      case 'compare':
      case 'report':
        return await watchFromArgs(command, args, world);
      case 'join':
        return await joinFromArgs(args, world.machine, world.tools, (line) => world.stdout.write(`${line}\n`));
      case 'sample':
        return await sampleFromArgs(args, world.machine, world.tools, (line) => world.stdout.write(`${line}\n`));
      case 'interpolate':
        return await stoppable(world, (watch) => interpolateFromArgs(args, world, watch));
      case 'animate':
        return await stoppable(world, (watch) => animateFromArgs(args, world, watch));
      case 'export':
        return await exportFromArgs(args, world);
      case 'evaluate':
        return await evaluateFromArgs(args, world.machine, world.tools, {
          say: (line) => world.stdout.write(`${line}\n`),
          warn: (line) => world.stderr.write(`gradcast: ${line}\n`),
          progress: world.stderr.isTTY === true ? (text) => world.stderr.write(`\r\u001B[K${text}`) : undefined,
        });
      case 'verify':
        return await verifyFromArgs(args, world.machine, world.tools, (line) => world.stdout.write(`${line}\n`));
      case 'replay':
        return await replayFromArgs(args, world.machine, world.tools, {
          say: (line) => world.stdout.write(`${line}\n`),
          warn: (line) => world.stderr.write(`gradcast: ${line}\n`),
        });
      case 'doctor':
        return await doctorFromArgs(args, world.machine, world.tools);
      case 'demo':
        return await runDemo(args, world.machine, {
          tools: world.tools,
          now: world.now,
          secret: world.secret,
          surroundings: (output, logInterval) => surroundings(output, logInterval, world),
        });
      default:
        return command satisfies never;
    }
  } catch (error) {
    if (error instanceof ConfigError) return refuse(error.problems, world);
    return fail(error, world);
  }
}

/** With what the file of `--task` says. @throws OwnTaskError for a file that cannot be used. */
async function machineFor(command: CommandName, args: readonly string[], { machine, tools }: World): Promise<Machine> {
  const file = taskFileOf(command, args, machine);
  return file === null ? machine : { ...machine, task: (await tools.ownTask())(file).task };
}

function surroundings(output: OutputConfig, logInterval: number, world: World): Surroundings {
  const { stdout, stderr, now, start, delay, onSignal, openBrowser, report } = world;
  const { json, progress } = output;
  const reporter = new Reporter({ stdout, stderr, now, json, progress, logInterval });
  return { start, delay, onSignal, openBrowser, report, now, reporter };
}

function printConfig(
  printable: Readonly<Record<string, string | number | boolean>>,
  output: OutputConfig,
  world: World,
): number {
  world.stdout.write(output.json ? `${JSON.stringify(printable)}\n` : yaml().stringify(printable));
  return EXIT_DONE;
}

function showHelp(command: CommandName, width: number, world: World): number {
  world.stdout.write(commandHelp(command, width));
  return EXIT_DONE;
}

function refuse(problems: readonly Problem[], world: World): number {
  for (const { code, sentence } of problems) world.stderr.write(`gradcast: ${sentence} [${code}]\n`);
  return EXIT_USAGE;
}

/** Errors with a code of their own are told as they are; anything else is a fault of the program. */
function fail(error: unknown, world: World): number {
  if (hasCode(error)) {
    const remedy = error.remedy === undefined ? '' : ` (${error.remedy})`;
    world.stderr.write(`gradcast: ${error.message}${remedy} [${error.code}]\n`);
    return error.exitCode ?? EXIT_FAILED;
  }
  world.stderr.write(internalError(error, world.machine.environment, process.argv));
  return EXIT_FAILED;
}

/** The sentence for what should not have happened; its stack only where debugging was asked for. */
export function internalError(
  error: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
): string {
  const level = environment.GRADCAST_LOG_LEVEL ?? '';
  const debugging = /^(debug|trace)$/.test(level) || /--log-level[= ](debug|trace)/.test(argv.join(' '));
  const what = error instanceof Error ? error.message.split('\n')[0] : String(error);
  const advice = debugging ? '' : '; --log-level debug shows where';
  const stack = debugging && error instanceof Error ? `${error.stack ?? ''}\n` : '';
  return `gradcast: something unexpected happened (${what})${advice} [internal-error]\n${stack}`;
}

function hasCode(error: unknown): error is Error & { code: string; exitCode?: number; remedy?: string } {
  // Codes of Node itself (ENOENT, ERR_...) are no sentences for a user.
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[a-z][a-z0-9-]*$/.test(error.code)
  );
}

function isCommand(text: string): text is CommandName {
  return (COMMANDS as readonly string[]).includes(text);
}

function unknownCommand(text: string): Problem {
  if (text.startsWith('-')) {
    return {
      code: 'unknown-flag',
      sentence: `gradcast has no flag ${quoted(text)}; a command comes first, see --help`,
    };
  }
  return { code: 'unknown-command', sentence: `there is no command ${quoted(text)}${didYouMean(text, COMMANDS)}` };
}
