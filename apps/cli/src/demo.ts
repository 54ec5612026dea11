/** The command `demo`: install, measure, train for about two minutes, show where the digits are. */
import {
  type BackendChoice,
  ConfigError,
  gather,
  type LogLevel,
  type Machine,
  type OutputConfig,
  quoted,
  resolveTrain,
} from '@gradcast/config';
import { demoSentence, demoSteps, type Measured, MEASURED_STEPS } from './demo-plan.ts';
import { EXIT_DONE } from './exit-codes.ts';
import type { RunOutcome, Surroundings } from './supervise.ts';
import type { Tools } from './tools.ts';
import { train } from './train.ts';

const PRESET = 'mnist';
const WORKERS = 2;

export interface DemoWorld {
  readonly tools: Tools;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly secret: () => string;
  readonly surroundings: (output: OutputConfig, logInterval: number) => Surroundings;
}

/**
 * @returns the exit code.
 * @throws ConfigError with every problem of the command line.
 */
export async function runDemo(args: readonly string[], machine: Machine, world: DemoWorld): Promise<number> {
  const { settings, operands, problems: found } = gather('demo', args, machine.environment);
  const problems = [...found];
  for (const operand of operands) {
    problems.push({
      code: 'unexpected-argument',
      sentence: `demo takes no argument, but was given ${quoted(operand)}`,
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const backend = settings.text('backend') as BackendChoice;
  const logLevel = settings.text('log-level') as LogLevel;
  const out = settings.text('out')!;
  const output: OutputConfig = { json: false, progress: !settings.isOn('no-progress'), printConfig: false, logLevel };

  const doctor = await world.tools.doctor();
  // Only the backends that live in the native library need it.
  const install = backend === 'auto' || backend === 'tensorflow' || backend === 'cuda';
  const health = await doctor({ install, yes: false, json: false, backend });
  if (health !== EXIT_DONE) return health;

  const around = world.surroundings(output, 10);
  const start = (options: readonly string[]): Promise<RunOutcome> => {
    const flags = ['--preset', PRESET, '--workers', `${WORKERS}`, '--backend', backend, '--out', out];
    // The demo is the same whatever the environment sets for other runs.
    const run = resolveTrain([...flags, '--log-level', logLevel, '--sample-every', '100', ...options], {
      ...machine,
      environment: {},
    });
    return train(run, around, world.secret);
  };

  around.reporter.say(`\nTiming the first ${MEASURED_STEPS} steps of preset ${PRESET} with ${WORKERS} workers.`);
  const startedAt = world.now();
  const first = await start(['--steps', `${MEASURED_STEPS}`]);
  if (!first.summary || first.exitCode !== EXIT_DONE) return first.exitCode;
  const spentSeconds = (world.now() - startedAt) / 1000;
  const { imagesPerSecond, globalBatch, runFolder } = first.summary;
  const trainedSeconds = (MEASURED_STEPS * globalBatch) / imagesPerSecond;
  const measured: Measured = {
    imagesPerSecond,
    globalBatch,
    seconds: settings.number('seconds')!,
    spentSeconds,
    startSeconds: Math.max(0, spentSeconds - trainedSeconds),
  };
  const steps = demoSteps(measured);
  around.reporter.say(`\n${demoSentence(steps, measured)}`);

  const second = await start(['--resume', runFolder, '--steps', `${steps}`]);
  if (second.exitCode !== EXIT_DONE || !second.summary) return second.exitCode;
  const grid = second.summary.samples;
  around.reporter.say(grid === null ? '\nNo grid was drawn.' : `\nGenerated digits: ${grid}`);
  const more = `npx gradcast train --resume ${runFolder} --steps ${steps * 4}`;
  around.reporter.say(`More training:    ${more}`);
  around.reporter.say(`In a browser:     ${more} --open`);
  return EXIT_DONE;
}
