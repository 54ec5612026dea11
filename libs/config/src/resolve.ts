/**
 * From what a user wrote to what the processes are told: the rules that span several options, then frozen configurations.
 *
 * Everything that is wrong is thrown at once, as one `ConfigError`.
 */
import { resolve } from 'node:path';
import { chosenDefinition, DEFINITION_FLAGS, flagDefault, flagsOf } from '@gradcast/definition';
import type { ChosenDefinition, TaskNumbers } from '@gradcast/definition';
import { isLoopback, workerName } from '@gradcast/protocol';
import type { TaskDefaults } from '@gradcast/task';
import { defaultsOfTask, taskDefaults } from '@gradcast/tasks';
import { checkPaths } from './paths.ts';
import { AUTO_BATCH, type Batches, cutBatch } from './batches.ts';
import { earlyStopProblems } from './early-stopping.ts';
import { joiningOf } from './joining.ts';
import { gather, PLACES, type Settings } from './settings.ts';
import type { CommandName } from './options.ts';
import { ConfigError, type Problem, quoted } from './problem.ts';
import type { CredentialSecret } from './process-messages.ts';
import type { BackendChoice, CoordinatorConfig, LogLevel, RunLength, TuneMode, WorkerConfig } from './run-config.ts';
import { steeringOf } from './steering.ts';
import { readCredentials, readToken } from './token.ts';
import { otlpOf } from './tracing.ts';

/** Training images of MNIST, the data set a run takes when none is named. */
const MNIST_IMAGES = 60_000;

/** What a configuration depends on besides the user's words. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Cores this process may use. */
  readonly cores: number;
  readonly hostname: string;
  /** What the file of `--task` says, where there is one: whoever resolves has read it, see {@link taskFileOf}. */
  readonly task?: TaskDefaults;
}

/** How the command itself speaks. */
export interface OutputConfig {
  readonly json: boolean;
  readonly progress: boolean;
  readonly printConfig: boolean;
  readonly logLevel: LogLevel;
}

/** What the workers of `train` are told besides address and name. */
export type LocalWorkerConfig = Omit<WorkerConfig, 'coordinator' | 'name' | 'localIndex'>;

interface Resolved {
  readonly output: OutputConfig;
  /** The settings by option name, in the order of help; what --print-config prints. Never holds a token. */
  readonly printable: Readonly<Record<string, string | number | boolean>>;
}

export interface ResolvedCoordinator extends Resolved {
  readonly coordinator: CoordinatorConfig;
  /** Null when none were given. */
  readonly credentials: readonly CredentialSecret[] | null;
}

export interface ResolvedTrain extends ResolvedCoordinator {
  /** Number of local workers. */
  readonly workers: number;
  /** Seconds that the run is to take in all, in place of its length, or null. */
  readonly forSeconds: number | null;
  /** Whether the number of micro-batches is to be chosen for its workers, which are measured first; until then it is the preset's. */
  readonly autoBatch: boolean;
  readonly worker: LocalWorkerConfig;
  /** Whether a browser is opened with the run's page. */
  readonly opens: boolean;
}

export interface ResolvedWorker extends Resolved {
  readonly worker: WorkerConfig;
  /** Null when none was given. */
  readonly token: string | null;
}

/** Absolute path of the task file that a command is told of, by flag, environment, file or an earlier run; null if none. */
export function taskFileOf(command: CommandName, args: readonly string[], { environment }: Machine): string | null {
  return absolute(gather(command, args, environment).settings);
}

function absolute(settings: Settings): string | null {
  const file = settings.text('task');
  return file === null ? null : resolve(file);
}

/** @throws ConfigError with every problem of the configuration. */
export function resolveTrain(args: readonly string[], machine: Machine): ResolvedTrain {
  const { settings, problems } = start('train', args, machine);
  const run = coordinatorOf(settings, machine, problems);
  const forSeconds = timeOf(settings, problems);
  const autoBatch = settings.text('global-batch') === AUTO_BATCH;
  if (problems.length > 0) throw new ConfigError(problems);
  const workers = settings.number('workers') ?? Math.max(1, Math.min(machine.cores, run.coordinator.microBatches));
  const worker: LocalWorkerConfig = {
    taskFile: run.coordinator.taskFile,
    backend: settings.text('backend') as BackendChoice,
    threads: settings.number('threads')!,
    tune: settings.text('tune') as TuneMode,
    reconnectSeconds: settings.number('reconnect-seconds')!,
    graceSeconds: settings.number('grace-seconds')!,
    metricsHost: settings.text('metrics-host')!,
    metricsPort: 0,
    metricsNames: namesOf(settings),
    healthPort: null,
    logLevel: settings.text('log-level') as LogLevel,
  };
  const length = forSeconds === null ? { for: null } : { for: forSeconds, steps: null, epochs: null };
  const printable = printed('train', settings, { ...run.derived, ...length, workers });
  const { coordinator, credentials } = run;
  const opens = settings.isOn('open');
  return deepFreeze({
    output: outputOf(settings),
    coordinator,
    credentials,
    workers,
    forSeconds,
    autoBatch,
    worker,
    opens,
    printable,
  });
}

/** @throws ConfigError with every problem of the configuration. */
export function resolveCoordinator(args: readonly string[], machine: Machine): ResolvedCoordinator {
  const { settings, problems } = start('coordinator', args, machine);
  const run = coordinatorOf(settings, machine, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const printable = printed('coordinator', settings, run.derived);
  const { coordinator, credentials } = run;
  return deepFreeze({ output: outputOf(settings), coordinator, credentials, printable });
}

/** @throws ConfigError with every problem of the configuration. */
export function resolveWorker(args: readonly string[], machine: Machine): ResolvedWorker {
  const { settings, problems } = start('worker', args, machine);
  const reading = readToken(settings.text('token-file'), machine.environment.GRADCAST_TOKEN);
  if ('problem' in reading) problems.push(reading.problem);
  const token = 'token' in reading ? reading.token : null;
  const coordinator = settings.text('coordinator');
  if (coordinator === null && settings.areSound('coordinator')) {
    problems.push({ code: 'missing-flag', sentence: 'worker needs --coordinator ws://HOST:PORT' });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const worker: WorkerConfig = {
    coordinator: coordinator!,
    taskFile: absolute(settings),
    backend: settings.text('backend') as BackendChoice,
    threads: settings.number('threads')!,
    tune: settings.text('tune') as TuneMode,
    name: settings.text('name') ?? workerName(machine.hostname),
    localIndex: 0,
    reconnectSeconds: settings.number('reconnect-seconds')!,
    graceSeconds: settings.number('grace-seconds')!,
    metricsHost: settings.text('metrics-host')!,
    metricsPort: settings.number('metrics-port')!,
    metricsNames: namesOf(settings),
    healthPort: settings.number('health-port'),
    logLevel: settings.text('log-level') as LogLevel,
  };
  const printable = printed('worker', settings, { name: worker.name });
  return deepFreeze({ output: outputOf(settings), token, worker, printable });
}

/** Reads everything and refuses operands, which these commands have none of. */
function start(command: CommandName, args: readonly string[], machine: Machine) {
  const { settings, operands, problems } = gather(command, args, machine.environment);
  const unexpected = operands.map((operand): Problem => {
    return { code: 'unexpected-argument', sentence: `${command} takes no argument, but was given ${quoted(operand)}` };
  });
  return { settings, problems: [...problems, ...unexpected] };
}

function coordinatorOf(settings: Settings, machine: Machine, problems: Problem[]) {
  const reading = readCredentials(settings.text('token-file'), machine.environment.GRADCAST_TOKEN);
  if ('problem' in reading) problems.push(reading.problem);
  const credentials = 'credentials' in reading ? reading.credentials : null;
  const host = settings.text('host')!;
  const isOpen = 'credentials' in reading && credentials === null;
  // Volunteers bring secrets of their own; but with them alone no step is computed, so a coordinator needs others.
  const isForVolunteers = settings.isOn('join') && settings.has('workers');
  if (settings.areSound('host', 'token-file') && isOpen && !isLoopback(host) && !isForVolunteers) {
    const sentence = `${settings.label('host')} ${quoted(host)} lets other machines in, which needs a token: set GRADCAST_TOKEN or --token-file`;
    problems.push({ code: 'token-required', sentence });
  }
  problems.push(...checkPaths(settings));
  const taskFile = absolute(settings);
  if (taskFile !== null && settings.strength('preset') > 0) {
    const both = `${settings.label('task')} and ${settings.label('preset')}`;
    problems.push({ code: 'task-conflict', sentence: `${both} both say what is trained: give one` });
  }
  const own = taskFile === null ? undefined : machine.task;
  const task = own ?? defaultsOfTask(settings.text('preset')!) ?? taskDefaults[0];
  const length = lengthOf(settings, task.defaultSteps, problems);
  const data = settings.text('data');
  problems.push(...autoBatchProblems(settings));
  const cut = cutBatch(task, {
    globalBatch: settings.number('global-batch'),
    microBatches: settings.number('micro-batches'),
    samples: data === null ? MNIST_IMAGES : null,
  });
  // Refused values were told already; what they would have led to is guesswork.
  const batchesKnown = settings.areSound('preset', 'global-batch', 'micro-batches', 'data');
  if ('problem' in cut && batchesKnown) problems.push(cut.problem);
  const batches = 'batches' in cut ? cut.batches : { microBatchSize: task.microBatch, microBatches: 1 };
  const definition = definitionBy(settings, task, batches);
  const decay = decayOf(settings, definition, problems);
  problems.push(...earlyStopProblems(settings, definition));
  const joining = joiningOf(settings, problems);
  const known = 'credentials' in reading ? credentials : undefined;
  const steer = steeringOf(settings, { host, ...joining }, { credentials: known, problems });
  const coordinator: CoordinatorConfig = {
    ...definition,
    ...decay,
    length,
    data,
    taskFile,
    out: settings.text('out')!,
    resume: settings.text('resume'),
    saveEvery: settings.number('save-every')!,
    saveSeconds: settings.number('save-seconds')!,
    keepLast: settings.number('keep-last')!,
    sampleEvery: settings.isOn('no-samples') ? null : settings.number('sample-every'),
    evaluateEvery: settings.number('evaluate-every')!,
    evaluateCount: settings.number('evaluate-count')!,
    logInterval: settings.number('log-interval')!,
    tensorboard: settings.isOn('tensorboard'),
    otlp: otlpOf(settings, machine.environment, problems),
    host,
    port: settings.number('port')!,
    ...joining,
    metricsHost: settings.text('metrics-host')!,
    metricsPort: settings.number('metrics-port')!,
    metricsNames: namesOf(settings),
    healthPort: settings.number('health-port'),
    workerMetricsPort: settings.number('worker-metrics-port')!,
    waitWorkersSeconds: settings.number('wait-workers')!,
    minWorkers: settings.number('min-workers')!,
    maxWorkers: settings.number('max-workers')!,
    maxVolunteers: settings.number('max-volunteers')!,
    volunteerShare: settings.number('volunteer-share')!,
    auditVolunteers: settings.number('audit-volunteers')!,
    page: !settings.isOn('no-page'),
    steer,
    exact: settings.isOn('exact'),
    acceptRedoMismatch: settings.isOn('accept-redo-mismatch'),
    auditRate: settings.number('audit')!,
    tune: settings.text('tune') as TuneMode,
    onDivergence: settings.text('on-divergence') as 'stop' | 'skip',
    backend: settings.text('backend') as BackendChoice,
    logLevel: settings.text('log-level') as LogLevel,
  };
  const derived = {
    ...flagsOf(definition),
    ...(settings.text('global-batch') === AUTO_BATCH
      ? { 'global-batch': AUTO_BATCH, 'micro-batches': null }
      : { 'global-batch': batches.microBatchSize * batches.microBatches }),
    steps: 'steps' in length ? length.steps : null,
    epochs: 'epochs' in length ? length.epochs : null,
  };
  return { coordinator, credentials, derived };
}

/** What the flags say of what decides the bits. */
function definitionBy(
  settings: Settings,
  task: TaskNumbers & Pick<TaskDefaults, 'name'>,
  batches: Batches,
): ChosenDefinition {
  const flags = DEFINITION_FLAGS.map((flag) => [flag.key, settings.value(flag.name) ?? flagDefault(flag, task)]);
  return chosenDefinition.parse({ ...Object.fromEntries(flags), ...batches, preset: task.name });
}

/** Where the learning rate is to decay, as far as somebody says so. */
function decayOf(
  settings: Settings,
  { lrSchedule }: ChosenDefinition,
  problems: Problem[],
): Pick<CoordinatorConfig, 'decayFromImages' | 'decayToImages'> {
  const [from, to] = ['decay-from-images', 'decay-to-images'];
  const [decayFromImages, decayToImages] = [settings.number(from), settings.number(to)];
  // What an earlier run recorded is no word of the user's.
  const said = [from, to]
    .filter((name) => settings.strength(name) > PLACES.indexOf('run'))
    .map((name) => settings.label(name));
  if (lrSchedule === 'constant' && said.length > 0 && settings.areSound('lr-schedule')) {
    const sentence = `${said.join(' and ')} say where the learning rate decays, which it does not: set --lr-schedule linear or cosine`;
    problems.push({ code: 'decay-conflict', sentence });
  }
  if (decayFromImages !== null && decayToImages !== null && decayFromImages >= decayToImages) {
    const sentence = `${settings.label(from)} is ${decayFromImages}, which is not before the ${decayToImages} of ${settings.label(to)}`;
    problems.push({ code: 'decay-conflict', sentence });
  }
  return { decayFromImages, decayToImages };
}

/** Both in one place is a contradiction; otherwise the stronger place's word replaces the weaker one's. */
function lengthOf(settings: Settings, defaultSteps: number, problems: Problem[]): RunLength {
  const steps = settings.number('steps');
  const epochs = settings.number('epochs');
  if (steps !== null && epochs !== null) {
    const lead = settings.strength('steps') - settings.strength('epochs');
    if (lead === 0) {
      const sentence = `${settings.label('steps')} and ${settings.label('epochs')} both set the length of the run: give one`;
      problems.push({ code: 'length-conflict', sentence });
    }
    return lead >= 0 ? { steps } : { epochs };
  }
  return epochs !== null ? { epochs } : { steps: steps ?? defaultSteps };
}

/** Where a batch that is chosen for the workers makes no sense. */
function autoBatchProblems(settings: Settings): Problem[] {
  if (settings.text('global-batch') !== AUTO_BATCH) return [];
  const auto = `${settings.label('global-batch')} ${AUTO_BATCH}`;
  const sentences: string[] = [];
  // A coordinator tells each worker the batch when it welcomes it, so it cannot measure any before.
  if (!settings.has('workers')) {
    sentences.push(
      `${auto} measures workers that train starts; measure with train, then give the coordinator the number`,
    );
  }
  if (settings.text('resume') !== null) {
    const resume = settings.label('resume');
    sentences.push(
      `${auto} chooses the batch of a new run, and ${resume} goes on with one that has its own: leave one out`,
    );
  }
  if (settings.number('micro-batches') !== null) {
    sentences.push(
      `${auto} chooses the number of micro-batches, which ${settings.label('micro-batches')} sets: give one`,
    );
  }
  return sentences.map((sentence) => ({ code: 'global-batch-auto', sentence }));
}

/** How long a run of `train` is to take, where that is the strongest word on its length. */
function timeOf(settings: Settings, problems: Problem[]): number | null {
  const seconds = settings.number('for');
  if (seconds === null) return null;
  const resume = settings.text('resume');
  if (resume !== null) {
    const sentence = `${settings.label('for')} is the length of a new run, and ${settings.label('resume')} goes on with one that has its own: leave one out, or give --steps`;
    problems.push({ code: 'length-conflict', sentence });
  }
  const others = ['steps', 'epochs'].filter((name) => settings.number(name) !== null);
  const rival = others.find((name) => settings.strength(name) === settings.strength('for'));
  if (rival !== undefined) {
    const sentence = `${settings.label('for')} and ${settings.label(rival)} both set the length of the run: give one`;
    problems.push({ code: 'length-conflict', sentence });
  }
  return others.some((name) => settings.strength(name) > settings.strength('for')) ? null : seconds;
}

function namesOf(settings: Settings): string[] {
  const names = (settings.text('metrics-names') ?? '').split(',').map((name) => name.trim());
  return names.filter((name) => name !== '');
}

function outputOf(settings: Settings): OutputConfig {
  return {
    json: settings.isOn('json'),
    progress: settings.has('no-progress') && !settings.isOn('no-progress'),
    printConfig: settings.isOn('print-config'),
    logLevel: settings.text('log-level') as LogLevel,
  };
}

function printed(
  command: CommandName,
  settings: Settings,
  derived: Readonly<Record<string, string | number | null>>,
): Record<string, string | number | boolean> {
  const record: Record<string, string | number | boolean> = {};
  for (const [name, value] of settings.entries(command)) {
    const final = name in derived ? derived[name]! : value;
    if (final !== null) record[name] = final;
  }
  return record;
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value) as unknown[]) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
