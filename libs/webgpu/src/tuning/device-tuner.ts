/** The tuner of a device, or none where tiles are to stay as they are. */
import type { DeviceKeeper } from '../device-keeper.ts';
import { deviceTimer } from './device-timer.ts';
import type { AdapterFacts } from './record.ts';
import type { TuningStore } from './store.ts';
import { createTuner } from './tuner.ts';
import type { TilesTuner } from './tuner.ts';

/**
 * - `once`: what an adapter has not timed yet is timed and kept; nothing on a processor that plays a GPU.
 * - `again`: what was kept before this start counts for nothing.
 * - `never`: the usual tiles.
 */
export type TuneMode = 'once' | 'again' | 'never';

export interface TuningOptions {
  readonly mode: TuneMode;
  readonly store: TuningStore;
  /** With `again`, when this start began: milliseconds since 1970. What others that started with it have timed counts. */
  readonly started: number;
}

/** @param kind a `software` adapter is tuned only if `again` asks for it: tests on it stay fast, and their bits the same. */
export function deviceTuner(
  keeper: Pick<DeviceKeeper, 'context' | 'tell'>,
  { kind, ...adapter }: AdapterFacts & { readonly kind: 'hardware' | 'software' },
  { mode, store, started }: TuningOptions,
): TilesTuner | undefined {
  if (mode === 'never' || (mode === 'once' && kind === 'software')) return undefined;
  return createTuner({
    adapter,
    limits: keeper.context.device.limits,
    store,
    timer: deviceTimer(() => keeper.context.device),
    clock: {
      now: () => performance.now(),
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
    date: () => Date.now(),
    ...(mode === 'again' && { notBefore: started }),
    tell: (sentence) => keeper.tell({ kind: 'tuning', sentence }),
  });
}
