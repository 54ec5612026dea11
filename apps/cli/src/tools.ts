/** The commands `doctor`, `sample`, `evaluate`, `verify`, `replay` and those of operators: their options, handed to the code that does the work. */
import { type BackendChoice, ConfigError, gather, type Machine, type Problem, quoted } from '@gradcast/config';
import type { runAnimate } from './animate.ts';
import type { doctorCommand } from './doctor-command.ts';
import type { EvaluateOutlets, runEvaluate } from './evaluate.ts';
import { EXIT_DONE } from './exit-codes.ts';
import type { runExport } from './export.ts';
import type { runInterpolate } from './interpolate.ts';
import type { runJoin } from './join.ts';
import type { Operation, runOperation } from './operate.ts';
import type { runReplay } from './replay.ts';
import type { TaskDefaults } from '@gradcast/task';
import type { runVerify } from './verify.ts';
import type * as watchCommands from './watch.ts';

/** What to draw; see `sample.ts`. */
export interface SampleRequest {
  /** Run folder or checkpoint file. */
  readonly run: string;
  /** Null for what fits a grid. */
  readonly count: number | null;
  /** The class of all samples, or null. */
  readonly digit: number | null;
  readonly seed: number;
  /** Ends in `.png`, `.npy` or `/`. */
  readonly output: string;
  readonly backend: BackendChoice;
  /** The user's task file; null looks where the run was started with it. */
  readonly task: string | null;
}

/** Loaded only when asked for: they bring the compute libraries along. */
export interface Tools {
  readonly doctor: () => Promise<typeof doctorCommand>;
  readonly sample: () => Promise<(request: SampleRequest) => Promise<unknown>>;
  readonly interpolate: () => Promise<typeof runInterpolate>;
  readonly animate: () => Promise<typeof runAnimate>;
  readonly export: () => Promise<typeof runExport>;
  readonly evaluate: () => Promise<typeof runEvaluate>;
  readonly verify: () => Promise<typeof runVerify>;
  readonly operate: () => Promise<typeof runOperation>;
  readonly join: () => Promise<typeof runJoin>;
  readonly replay: () => Promise<typeof runReplay>;
  readonly watch: () => Promise<typeof watchCommands>;
  readonly ownTask: () => Promise<(path: string) => { readonly task: TaskDefaults }>;
}

/** @throws ConfigError with every problem of the command line. */
export async function doctorFromArgs(args: readonly string[], machine: Machine, tools: Tools): Promise<number> {
  const { settings, operands, problems } = gather('doctor', args, machine.environment);
  refuseAny([...problems, ...operands.map((operand) => unexpected('doctor', operand))]);
  const doctor = await tools.doctor();
  return doctor({
    install: settings.isOn('install'),
    yes: settings.isOn('yes'),
    json: settings.isOn('json'),
    backend: settings.text('backend') as BackendChoice,
    buildBinding: settings.text('build-binding'),
  });
}

/** @throws ConfigError with every problem of the command line. */
export async function sampleFromArgs(
  args: readonly string[],
  machine: Machine,
  tools: Tools,
  say: (line: string) => void,
): Promise<number> {
  const { settings, operands, problems } = gather('sample', args, machine.environment);
  const run = operands.at(0);
  const extra = operands.slice(1);
  const output = settings.text('output');
  const missing: Problem[] = [];
  if (run === undefined) {
    missing.push({ code: 'missing-argument', sentence: 'sample needs RUN, a run folder or a checkpoint' });
  }
  if (output === null && settings.areSound('output')) {
    missing.push({ code: 'missing-flag', sentence: 'sample needs --output FILE, ending in .png or .npy, or FOLDER/' });
  }
  if (output !== null && !/(\.png|\.npy|[/\\])$/i.test(output)) {
    const sentence = `${settings.label('output')} must end in .png or .npy, or in / for a folder, but is ${quoted(output)}`;
    missing.push({ code: 'output-kind', sentence });
  }
  refuseAny([...problems, ...extra.map((operand) => unexpected('sample', operand)), ...missing]);
  const sample = await tools.sample();
  await sample({
    run: run!,
    count: settings.number('count'),
    digit: settings.number('digit'),
    seed: settings.number('seed')!,
    output: output!,
    backend: settings.text('backend') as BackendChoice,
    task: settings.text('task'),
  });
  say(output!);
  return EXIT_DONE;
}

/** @throws ConfigError with every problem of the command line, and what evaluating throws. */
export async function evaluateFromArgs(
  args: readonly string[],
  machine: Machine,
  tools: Tools,
  outlets: EvaluateOutlets,
): Promise<number> {
  const { settings, operands, problems } = gather('evaluate', args, machine.environment);
  const source = operands.at(0);
  const missing: Problem[] = [];
  if (source === undefined) {
    const sentence = 'evaluate needs RUN, a run folder or a checkpoint, or SAMPLES.npy';
    missing.push({ code: 'missing-argument', sentence });
  }
  refuseAny([...problems, ...operands.slice(1).map((operand) => unexpected('evaluate', operand)), ...missing]);
  const evaluate = await tools.evaluate();
  const request = {
    source: source!,
    count: settings.number('count')!,
    seed: settings.number('seed')!,
    judge: settings.text('judge')!,
    raw: settings.isOn('raw'),
    backend: settings.text('backend') as BackendChoice,
    data: settings.text('data'),
    task: settings.text('task'),
    json: settings.isOn('json'),
  };
  return evaluate(request, outlets);
}

/** @throws ConfigError with every problem of the command line, and what verifying throws. */
export async function verifyFromArgs(
  args: readonly string[],
  machine: Machine,
  tools: Tools,
  say: (line: string) => void,
): Promise<number> {
  const { settings, operands, problems } = gather('verify', args, machine.environment);
  const run = operands.at(0);
  refuseAny([...problems, ...runProblems('verify', operands)]);
  const verify = await tools.verify();
  return verify({ run: run!, task: settings.text('task'), json: settings.isOn('json') }, say);
}

/** @throws ConfigError with every problem of the command line, and what the operation throws. */
export async function operateFromArgs(
  operation: Operation,
  { args, machine, tools }: { readonly args: readonly string[]; readonly machine: Machine; readonly tools: Tools },
  say: (line: string) => void,
): Promise<number> {
  const { settings, operands, problems } = gather(operation, args, machine.environment);
  const [run, worker] = operands;
  const wanted = operation === 'drain' ? 2 : 1;
  const missing: Problem[] =
    wanted === 2 && operands.length === 1
      ? [{ code: 'missing-argument', sentence: 'drain needs WORKER, the name of a worker of the run' }]
      : [];
  const found = operands.length === 0 ? runProblems(operation, []) : [];
  const extra = operands.slice(wanted).map((operand) => unexpected(operation, operand));
  refuseAny([...problems, ...found, ...missing, ...extra]);
  const operate = await tools.operate();
  const wait = !settings.has('no-wait') || !settings.isOn('no-wait');
  const json = settings.isOn('json');
  return operate({ operation, run, worker: wanted === 2 ? worker : null, wait, json }, say);
}

/** @throws ConfigError with every problem of the command line, and what the coordinator refuses. */
export async function joinFromArgs(
  args: readonly string[],
  machine: Machine,
  tools: Tools,
  say: (line: string) => void,
): Promise<number> {
  const { settings, operands, problems } = gather('join', args, machine.environment);
  const run = operands.at(0);
  refuseAny([...problems, ...runProblems('join', operands)]);
  const join = await tools.join();
  const [revoke, renew, json] = ['revoke', 'renew', 'json'].map((name) => settings.isOn(name));
  return join({ run: run!, revoke, renew, json }, say);
}

/** @throws ConfigError with every problem of the command line, and what a replay throws. */
export async function replayFromArgs(
  args: readonly string[],
  machine: Machine,
  tools: Tools,
  { say, warn }: { readonly say: (line: string) => void; readonly warn: (line: string) => void },
): Promise<number> {
  const { settings, operands, problems } = gather('replay', args, machine.environment);
  const run = operands.at(0);
  const step = settings.number('step');
  const missing: Problem[] =
    step === null && settings.areSound('step')
      ? [{ code: 'missing-flag', sentence: 'replay needs --step T, the step to compute again' }]
      : [];
  refuseAny([...problems, ...runProblems('replay', operands), ...missing]);
  const replay = await tools.replay();
  const request = {
    run: run!,
    step: step!,
    backend: settings.text('backend') as BackendChoice,
    threads: settings.number('threads')!,
    data: settings.text('data'),
    task: settings.text('task'),
    json: settings.isOn('json'),
  };
  return replay(request, { say, warn });
}

/** One operand, the run folder. */
export function runProblems(command: string, operands: readonly string[]): Problem[] {
  const missing: Problem = { code: 'missing-argument', sentence: `${command} needs RUN, a run folder` };
  return operands.length === 0 ? [missing] : operands.slice(1).map((operand) => unexpected(command, operand));
}

export function unexpected(command: string, operand: string): Problem {
  return { code: 'unexpected-argument', sentence: `${command} was given ${quoted(operand)}, which it does not take` };
}

export function refuseAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ConfigError(problems);
}
