/** What is kept of a run, and where. */
import { MOST, RUNS } from '../options.ts';
import type { OptionSpec } from '../options.ts';

export const RUN_FOLDER_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'out',
    aliases: ['output-dir'],
    type: { kind: 'text', shows: 'DIR' },
    group: 'Run folder',
    commands: ['train', 'coordinator', 'runs', 'top', 'demo'],
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
