/** Every option of every command: the one place where a name, a limit, a default and its help stand. */
import { CODECS, MICRO_BATCHES_LIMIT } from '@gradcast/protocol';
import { taskNames } from '@gradcast/tasks';
import { COMMANDS, type CommandName, type OptionSpec } from './options.ts';
import { BACKEND_CHOICES, LOG_LEVELS } from './run-config.ts';

const RUNS: readonly CommandName[] = ['train', 'coordinator'];
const HOSTS: readonly CommandName[] = ['train', 'coordinator', 'worker'];

/** Leaves of a step's tree; more would make micro-batches that no step of this size needs. */
export const MAX_MICRO_BATCHES = MICRO_BATCHES_LIMIT;
const MOST = Number.MAX_SAFE_INTEGER;

const whatToTrain: OptionSpec[] = [
  {
    name: 'preset',
    type: { kind: 'choice', choices: taskNames },
    group: 'What to train',
    commands: RUNS,
    default: 'mnist',
    help: 'Networks, losses and optimizer',
  },
  {
    name: 'data',
    type: { kind: 'text', shows: 'DIR' },
    group: 'What to train',
    commands: ['train', 'coordinator', 'replay'],
    defaultNote: 'MNIST',
    help: 'Folder with another data set: idx files, .npy files, or PNG images in a folder for each class',
  },
  {
    name: 'seed',
    type: { kind: 'integer', min: 0, max: MOST },
    group: 'What to train',
    commands: ['train', 'coordinator', 'sample'],
    default: 0,
    help: 'Decides initial weights, order of the images and noise',
  },
  {
    name: 'steps',
    aliases: ['max-steps'],
    type: { kind: 'integer', min: 1, max: 2 ** 31 - 1 },
    group: 'What to train',
    commands: RUNS,
    defaultNote: "the preset's",
    help: 'Length of the run in optimizer steps, counted from its very start',
  },
  {
    name: 'epochs',
    type: { kind: 'integer', min: 1, max: 1_000_000 },
    group: 'What to train',
    commands: RUNS,
    help: 'Length of the run in passes over the data, instead of --steps',
  },
];

const batches: OptionSpec[] = [
  {
    name: 'global-batch',
    aliases: ['global-batch-size'],
    type: { kind: 'integer', min: 1, max: 2 ** 24 },
    group: 'Batches and optimizer',
    commands: RUNS,
    defaultNote: "the preset's",
    help:
      'Images of one step, over all workers: micro-batches times images of each. Alone it changes the number of ' +
      'micro-batches, with --micro-batches their size',
  },
  {
    name: 'micro-batches',
    type: { kind: 'integer', min: 1, max: MAX_MICRO_BATCHES, powerOfTwo: true },
    group: 'Batches and optimizer',
    commands: RUNS,
    defaultNote: "the preset's",
    help: 'Micro-batches of one step, a power of two; more workers than that find nothing to do',
  },
  {
    name: 'lr',
    type: { kind: 'positive' },
    group: 'Batches and optimizer',
    commands: RUNS,
    defaultNote: "the preset's",
    help: 'Learning rate of both networks',
  },
  {
    name: 'codec',
    type: { kind: 'choice', choices: CODECS },
    group: 'Batches and optimizer',
    commands: RUNS,
    default: 'f32',
    help: 'How gradients travel: whole, in half the bytes (f16, bf16) or in a quarter (int8); changes the result a little',
  },
  {
    name: 'on-divergence',
    type: { kind: 'choice', choices: ['stop', 'skip'] },
    group: 'Batches and optimizer',
    commands: RUNS,
    default: 'stop',
    help: 'When a step is not finite: stop with a checkpoint, or skip that step',
  },
];

const workers: OptionSpec[] = [
  {
    name: 'workers',
    aliases: ['nproc-per-node'],
    type: { kind: 'integer', min: 1, max: 1024 },
    group: 'Workers',
    commands: ['train'],
    defaultNote: 'cores, at most --micro-batches',
    help: 'Worker processes on this machine',
  },
  {
    name: 'coordinator',
    type: { kind: 'text', shows: 'ws://HOST:PORT', shape: 'address' },
    group: 'Workers',
    commands: ['worker'],
    help: 'Address of the coordinator to work for (required)',
  },
  {
    name: 'backend',
    type: { kind: 'choice', choices: BACKEND_CHOICES },
    group: 'Workers',
    commands: ['train', 'coordinator', 'worker', 'sample', 'replay', 'doctor', 'demo'],
    default: 'auto',
    help: 'What computes; auto takes the fastest that runs here, a backend asked for by name must run',
  },
  {
    name: 'threads',
    type: { kind: 'integer', min: 1, max: 1024 },
    group: 'Workers',
    commands: ['train', 'worker', 'replay'],
    default: 1,
    help: 'Compute threads of each worker; changes the last bits of the result',
  },
  {
    name: 'name',
    type: { kind: 'text', shows: 'NAME', shape: 'name' },
    group: 'Workers',
    commands: ['worker'],
    defaultNote: "the host's name",
    help: 'Name in logs and metrics',
  },
  {
    name: 'reconnect-seconds',
    type: { kind: 'seconds' },
    group: 'Workers',
    commands: ['train', 'worker'],
    default: 300,
    help: 'How long a worker tries to reach a lost coordinator; 0 tries once',
  },
  {
    name: 'grace-seconds',
    type: { kind: 'seconds' },
    group: 'Workers',
    commands: ['train', 'worker'],
    default: 10,
    help: 'How long a worker that is told to stop may take to finish what it was asked for',
  },
  {
    name: 'min-workers',
    type: { kind: 'integer', min: 1, max: 1024 },
    group: 'Workers',
    commands: RUNS,
    default: 1,
    help: 'With fewer workers the run pauses until more have joined',
  },
  {
    name: 'max-workers',
    type: { kind: 'integer', min: 1, max: 1024 },
    group: 'Workers',
    commands: RUNS,
    default: 1024,
    help: 'Workers beyond this are turned away',
  },
  {
    name: 'exact',
    type: { kind: 'switch' },
    group: 'Workers',
    commands: RUNS,
    default: false,
    help: 'Admit only workers that compute the same bits as the first one, and are trusted or can be checked',
  },
  {
    name: 'audit',
    type: { kind: 'ratio' },
    group: 'Workers',
    commands: RUNS,
    default: 0,
    help: 'Share of leaves, 0 to 1, that are computed twice and compared bit by bit before they are used',
  },
  {
    name: 'wait-workers',
    type: { kind: 'seconds' },
    group: 'Workers',
    commands: RUNS,
    default: 600,
    help: 'How long a run waits while it has no worker, before it saves and exits 75; 0 waits for ever',
  },
];

const runFolder: OptionSpec[] = [
  {
    name: 'out',
    aliases: ['output-dir'],
    type: { kind: 'text', shows: 'DIR' },
    group: 'Run folder',
    commands: ['train', 'coordinator', 'demo'],
    default: 'runs',
    help: 'Folder in which each run gets a folder of its own',
  },
  {
    name: 'resume',
    type: { kind: 'text', shows: 'auto|PATH' },
    bare: 'auto',
    group: 'Run folder',
    commands: RUNS,
    help:
      'Go on with a run: auto takes the newest one under --out with the same settings or starts afresh; PATH is a run ' +
      'folder or a checkpoint, and what is not set is taken from it',
  },
  {
    name: 'accept-redo-mismatch',
    type: { kind: 'switch' },
    group: 'Run folder',
    commands: RUNS,
    default: false,
    help: 'Go on where a resumed run ended with redo-mismatch, with what the step is now; the ledger says so',
  },
  {
    name: 'save-every',
    type: { kind: 'integer', min: 0, max: MOST },
    group: 'Run folder',
    commands: RUNS,
    default: 0,
    help: 'Steps between checkpoints; 0 saves by time only',
  },
  {
    name: 'save-seconds',
    type: { kind: 'seconds' },
    group: 'Run folder',
    commands: RUNS,
    default: 30,
    help: 'Seconds between checkpoints; 0 saves by steps only',
  },
  {
    name: 'keep-last',
    type: { kind: 'integer', min: 0, max: MOST },
    group: 'Run folder',
    commands: RUNS,
    default: 3,
    help: 'Checkpoints kept; 0 keeps all',
  },
  {
    name: 'sample-every',
    type: { kind: 'integer', min: 0, max: MOST },
    group: 'Run folder',
    commands: RUNS,
    default: 200,
    help: 'Steps between sample grids; 0 draws only the last',
  },
  {
    name: 'no-samples',
    type: { kind: 'switch' },
    group: 'Run folder',
    commands: RUNS,
    help: 'No sample grid, whatever --sample-every says; the coordinator then loads no backend',
  },
];

const network: OptionSpec[] = [
  {
    name: 'host',
    type: { kind: 'text', shows: 'ADDRESS' },
    group: 'Network',
    commands: RUNS,
    default: '127.0.0.1',
    help: 'Address the coordinator listens on; anything but loopback needs a token',
  },
  {
    name: 'port',
    type: { kind: 'integer', min: 0, max: 65535 },
    group: 'Network',
    commands: RUNS,
    default: 0,
    defaultFor: { coordinator: 7070 },
    help: 'Port the coordinator listens on; 0 takes a free one',
  },
  {
    name: 'metrics-host',
    type: { kind: 'text', shows: 'ADDRESS' },
    group: 'Network',
    commands: HOSTS,
    default: '127.0.0.1',
    help: 'Address that serves /metrics',
  },
  {
    name: 'metrics-port',
    type: { kind: 'integer', min: 0, max: 65535 },
    group: 'Network',
    commands: HOSTS,
    default: 0,
    defaultFor: { coordinator: 9464 },
    help: 'Port that serves /metrics; 0 takes a free one',
  },
  {
    name: 'metrics-names',
    type: { kind: 'text', shows: 'NAMES' },
    group: 'Network',
    commands: HOSTS,
    help: 'Host names under which /metrics may be asked for, with commas, besides addresses and private names',
  },
  {
    name: 'health-port',
    type: { kind: 'integer', min: 0, max: 65535 },
    group: 'Network',
    commands: HOSTS,
    help: 'Port on loopback that serves /healthz and /readyz and nothing else, for health checks; 0 takes a free one',
  },
  {
    name: 'worker-metrics-port',
    type: { kind: 'integer', min: 0, max: 65535 },
    group: 'Network',
    commands: RUNS,
    default: 9464,
    help: 'Port at which Prometheus may look for workers of other machines, if they serve there; 0 lists none',
  },
  {
    name: 'token-file',
    type: { kind: 'text', shows: 'FILE' },
    group: 'Network',
    commands: HOSTS,
    help: 'File with the token that coordinator and workers share, or with lines NAME ROLE SECRET; GRADCAST_TOKEN may hold a token instead',
  },
];

const others: OptionSpec[] = [
  {
    name: 'count',
    type: { kind: 'integer', min: 1, max: 65536 },
    group: 'Samples',
    commands: ['sample'],
    default: 64,
    help: 'Images to draw',
  },
  {
    name: 'output',
    type: { kind: 'text', shows: 'FILE' },
    group: 'Samples',
    commands: ['sample'],
    help: 'FILE.png for a grid or FILE.npy for a NumPy array [N, 28, 28] of bytes (required)',
  },
  {
    name: 'step',
    type: { kind: 'integer', min: 1, max: 2 ** 31 - 1 },
    group: 'Replay',
    commands: ['replay'],
    help: 'The step to compute again; the first is 1 (required)',
  },
  {
    name: 'no-wait',
    type: { kind: 'switch' },
    group: 'Operation',
    commands: ['pause', 'stop', 'drain'],
    help: 'Do not wait until it has taken effect',
  },
  {
    name: 'seconds',
    type: { kind: 'integer', min: 1, max: 86400 },
    group: 'What to train',
    commands: ['demo'],
    default: 120,
    help: 'How long the demo should take',
  },
  {
    name: 'install',
    type: { kind: 'switch' },
    group: 'Installation',
    commands: ['doctor'],
    help: 'Fetch and build the native TensorFlow library; nothing is fetched twice',
  },
  {
    name: 'yes',
    type: { kind: 'switch' },
    group: 'Installation',
    commands: ['doctor'],
    help: "Agree to the size and licence of NVIDIA's libraries without being asked",
  },
  {
    name: 'build-binding',
    type: { kind: 'text', shows: 'DIR' },
    group: 'Installation',
    commands: ['doctor'],
    help: 'Only compile the binding, into this folder, for machines without a compiler (GRADCAST_BINDING)',
  },
  {
    name: 'log-interval',
    type: { kind: 'integer', min: 1, max: MOST },
    group: 'Output',
    commands: RUNS,
    default: 10,
    help: 'Steps between lines of metrics.jsonl, and of progress where there is no terminal',
  },
  {
    name: 'json',
    type: { kind: 'switch' },
    group: 'Output',
    commands: ['train', 'coordinator', 'worker', 'pause', 'resume', 'stop', 'drain', 'verify', 'replay', 'doctor'],
    help: 'Print JSON lines on stdout and nothing else there',
  },
  {
    name: 'no-progress',
    type: { kind: 'switch' },
    group: 'Output',
    commands: ['train', 'coordinator', 'demo'],
    help: 'No progress line',
  },
  {
    name: 'log-level',
    type: { kind: 'choice', choices: LOG_LEVELS },
    group: 'Output',
    commands: COMMANDS,
    default: 'error',
    help: 'What the processes log to stderr; debug adds the stack to an internal error',
  },
  {
    name: 'config',
    short: 'c',
    type: { kind: 'text', shows: 'FILE' },
    group: 'Configuration',
    commands: HOSTS,
    notInFile: true,
    help: 'YAML or JSON file with any of these options by name, such as save-every: 100',
  },
  {
    name: 'print-config',
    type: { kind: 'switch' },
    group: 'Configuration',
    commands: HOSTS,
    notInFile: true,
    help: 'Print the resolved configuration, in the form --config reads, and exit',
  },
];

/** All options, in the order help shows them. */
export const OPTIONS: readonly OptionSpec[] = [
  ...whatToTrain,
  ...batches,
  ...workers,
  ...runFolder,
  ...network,
  ...others,
];

/** The options of one command. */
export function optionsOf(command: CommandName): OptionSpec[] {
  return OPTIONS.filter((option) => option.commands.includes(command));
}

/** The option called `name`, by its own name or an alias, or undefined. */
export function optionNamed(name: string): OptionSpec | undefined {
  return OPTIONS.find((option) => option.name === name || option.aliases?.includes(name));
}
