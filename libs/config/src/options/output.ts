/** What is printed, and where a configuration comes from. */
import { LOG_LEVELS } from '../run-config.ts';
import { COMMANDS, HOSTS, MOST, RUNS } from '../options.ts';
import type { OptionSpec } from '../options.ts';

export const OUTPUT_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'log-interval',
    type: { kind: 'integer', min: 1, max: MOST },
    group: 'Output',
    commands: RUNS,
    default: 10,
    help: 'Steps between lines of metrics.jsonl, and of progress where there is no terminal',
  },
  {
    name: 'tensorboard',
    type: { kind: 'switch' },
    group: 'Output',
    commands: RUNS,
    help: "Write scalars, sample grids and histograms for TensorBoard into the run's folder tensorboard",
  },
  {
    name: 'otlp',
    type: { kind: 'text', shows: 'URL|auto' },
    bare: 'auto',
    group: 'Output',
    commands: RUNS,
    help:
      'Send a span for each step and lease to an OpenTelemetry collector, by OTLP over HTTP; auto takes ' +
      'OTEL_EXPORTER_OTLP_ENDPOINT or http://localhost:4318',
  },
  {
    name: 'no-page',
    type: { kind: 'switch' },
    group: 'Output',
    commands: RUNS,
    help: 'No page on the port of the coordinator on which people watch the run',
  },
  {
    name: 'steer',
    type: { kind: 'switch' },
    group: 'Output',
    commands: RUNS,
    help:
      'Let operators pause, resume, stop and drain on the page: those of the token file, or whoever has an address with a secret ' +
      'that is printed',
  },
  {
    name: 'open',
    type: { kind: 'switch' },
    group: 'Output',
    commands: ['train'],
    notInFile: true,
    help: 'Open the page of the run in a browser',
  },
  {
    name: 'json',
    type: { kind: 'switch' },
    group: 'Output',
    commands: [
      'train',
      'coordinator',
      'worker',
      'pause',
      'resume',
      'stop',
      'drain',
      'join',
      'runs',
      'top',
      'events',
      'compare',
      'report',
      'evaluate',
      'verify',
      'replay',
      'doctor',
    ],
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
