/** Options of commands that start no run of their own choice. */
import type { OptionSpec } from '../options.ts';

export const TOOL_OPTIONS: readonly OptionSpec[] = [
  {
    name: 'count',
    type: { kind: 'integer', min: 1, max: 65536 },
    group: 'Samples',
    commands: ['sample', 'interpolate'],
    default: 64,
    defaultFor: { interpolate: 16 },
    help: 'Images to draw; of a walk, how many side by side, up to 1024',
  },
  {
    name: 'output',
    type: { kind: 'text', shows: 'PATH' },
    group: 'Samples',
    commands: ['sample', 'interpolate', 'animate'],
    help:
      'sample: FILE.png for a grid, FOLDER/ for one PNG an image, FILE.npy for a NumPy array [N, 28, 28] of bytes; ' +
      'interpolate, animate: FILE.png, animated (required)',
  },
  {
    name: 'points',
    type: { kind: 'integer', min: 2, max: 64 },
    group: 'Samples',
    commands: ['interpolate'],
    default: 8,
    help: 'Points of the latent space that the walk passes through before it is back at the first',
  },
  {
    name: 'frames',
    type: { kind: 'integer', min: 2, max: 1000 },
    group: 'Samples',
    commands: ['interpolate', 'animate'],
    defaultFor: { interpolate: 24, animate: 120 },
    help: 'Of a walk, frames from one point to the next; of training, the most grids that are shown, evenly spread',
  },
  {
    name: 'fps',
    type: { kind: 'integer', min: 1, max: 60 },
    group: 'Samples',
    commands: ['interpolate', 'animate'],
    defaultFor: { interpolate: 24, animate: 10 },
    help: 'Frames a second',
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
    name: 'revoke',
    type: { kind: 'switch' },
    group: 'Operation',
    commands: ['join'],
    help: 'Take the link back, and send away who came by it',
  },
  {
    name: 'renew',
    type: { kind: 'switch' },
    group: 'Operation',
    commands: ['join'],
    help: 'Make another link; the former one lets nobody in any more',
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
];
