/** A run of 32 parameters, for fleets without a network: what is left is what the coordinator does for its results. */
import type { FleetOptions } from '../../apps/coordinator/src/run/fleet.ts';
import type { FleetEvents } from '../../apps/coordinator/src/events.ts';

export const FIELDS = [
  { name: 'images', dtype: 'u8', elements: 4 },
  { name: 'noise', dtype: 'f32', elements: 2 },
] as const;
export const SHAPE = { parameters: 32, slots: 2, fields: FIELDS, microBatchSize: 2 };
export const TAIL = 16;
export const LAYOUT = {
  parameters: { entries: [], length: SHAPE.parameters },
  groups: [{ name: 'all', from: 0, to: SHAPE.parameters }],
  tail: { entries: [], length: TAIL },
};
export const SCALARS = { alpha: 1, oneMinusBeta1: 1, oneMinusBeta2: 1, epsilon: 1 };
export const fingerprintOf = (version: number) => version.toString(16).padStart(32, '0');

const ignore = () => undefined;

const EVENTS: FleetEvents = {
  joined: ignore,
  left: ignore,
  forgotten: ignore,
  refused: failOn('refused'),
  resultRefused: failOn('resultRefused'),
  lease: ignore,
  leaseTime: ignore,
  mismatch: ignore,
  bytes: ignore,
  audit: ignore,
  notice: ignore,
  happened: ignore,
  failed: failOn('failed'),
  stalled: ignore,
};

/** A fleet to which nothing goes wrong; whatever is refused fails. */
export const QUIET = {
  events: EVENTS,
  isTailSound: () => true,
  minWorkers: 1,
  isNear: () => false,
  exactProfile: null,
  backend: 'auto',
  expectsOwn: () => false,
  resumed: false,
} satisfies Partial<FleetOptions>;

/** What must not happen. */
export function failOn(what: string): (...words: readonly unknown[]) => never {
  return (...words) => {
    throw new Error([what, ...words.filter((word) => typeof word === 'string')].join(' '));
  };
}
