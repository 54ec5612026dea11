/** Where the processes listen, and who may come. */
import { HOSTS, RUNS } from '../options.ts';
import type { OptionSpec } from '../options.ts';

export const NETWORK_OPTIONS: readonly OptionSpec[] = [
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
