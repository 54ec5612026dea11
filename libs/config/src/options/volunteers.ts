/** Browser tabs that join by a link, and other workers whose word counts nowhere. */
import { RUNS } from '../options.ts';
import type { OptionSpec } from '../options.ts';

export const VOLUNTEER_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'join',
    type: { kind: 'switch' },
    group: 'Volunteers',
    commands: RUNS,
    default: false,
    help: 'Serve a page on the port of the coordinator by which browser tabs join the run, and print its link',
  },
  {
    name: 'join-hours',
    type: { kind: 'number', shows: 'HOURS', min: 0.1, max: 8760 },
    group: 'Volunteers',
    commands: RUNS,
    default: 24,
    help: 'How long the join link is good for',
  },
  {
    name: 'join-url',
    type: { kind: 'text', shows: 'URL' },
    group: 'Volunteers',
    commands: RUNS,
    help: 'Where a reverse proxy has the page, path prefix included, such as https://train.example.org/gradcast',
  },
  {
    name: 'max-volunteers',
    type: { kind: 'integer', min: 1, max: 1024 },
    group: 'Volunteers',
    commands: RUNS,
    default: 64,
    help: 'Volunteers beyond this are turned away',
  },
  {
    name: 'volunteer-share',
    type: { kind: 'number', shows: 'SHARE', min: 0, max: 1 },
    group: 'Volunteers',
    commands: RUNS,
    default: 0.5,
    help: 'Most of the leaves of a step, 0 to 1, that volunteers hold at any time',
  },
  {
    name: 'audit-volunteers',
    type: { kind: 'number', shows: 'RATE', min: 0, max: 1 },
    group: 'Volunteers',
    commands: RUNS,
    default: 0.1,
    help: 'Share of the leaves of a volunteer that has proved itself, 0 to 1, that are computed again; until then all are',
  },
];
