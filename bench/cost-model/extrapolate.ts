/** The model carried on to fleets that nobody here has: step time = compute + bytes / bandwidth + fixed. */
import { round } from '../harness/statistics.ts';
import type { HubCost } from './fits.ts';

/** Codecs of which something is said, measured or not. */
export const CODECS = ['f32', 'int8'];
/** Bytes of an int8 result and average, if none was measured: one each parameter. */
const INT8_SHARE = 1 / 4;
const BITS = 8;

/** What is stated, not measured. */
export interface Stated {
  readonly computeMs: readonly number[];
  readonly gbit: readonly number[];
}

interface Setting {
  readonly cost: HubCost;
  readonly gbit: number;
  readonly computeMs: number;
}

/** A step's time and a GPU's share of it, for each number of GPUs. @param costs measured, that of f32 first. */
export function predict(costs: readonly HubCost[], stated: Stated, gpus: readonly number[]) {
  return settingsOf(costs, stated).flatMap(({ cost, gbit, computeMs }) =>
    gpus.map((gpus) => {
      const { codec, basis, fixedMs } = cost;
      const ms = computeMs + gpus * transferMs(cost, gbit) + fixedMs;
      return { codec, basis, gbit, computeMs, gpus, msPerStep: round(ms), busy: round(computeMs / ms) };
    }),
  );
}

export type Predictions = ReturnType<typeof predict>;

/** Workers at which the hub takes as long as compute does: with more, GPUs wait for it most of the time. */
export function findKnees(costs: readonly HubCost[], stated: Stated) {
  return settingsOf(costs, stated).map(({ cost, gbit, computeMs }) => {
    const { codec, basis, fixedMs, msPerWorker } = cost;
    const ms = transferMs(cost, gbit);
    const workers = Math.max(0, Math.floor((computeMs - fixedMs) / ms));
    return { codec, basis, gbit, computeMs, workers, bound: ms > msPerWorker ? 'network' : 'process' };
  });
}

export type Knees = ReturnType<typeof findKnees>;

function settingsOf(costs: readonly HubCost[], { gbit, computeMs }: Stated): readonly Setting[] {
  return CODECS.flatMap((codec) => {
    const cost = costOf(costs, codec);
    return gbit.flatMap((gbit) => computeMs.map((computeMs) => ({ cost, gbit, computeMs })));
  });
}

/** The hub's cost in a codec, or what it would be with a quarter of the bytes at the cost per byte of f32. */
function costOf(costs: readonly HubCost[], codec: string): HubCost {
  const own = costs.find((cost) => cost.codec === codec);
  if (own) return own;
  const [{ fixedMs, msPerWorker, bytesPerWorker }] = costs;
  return {
    codec,
    basis: 'assumed: a quarter of the bytes and of the time of f32, packing free',
    fixedMs,
    msPerWorker: msPerWorker * INT8_SHARE,
    bytesPerWorker: bytesPerWorker * INT8_SHARE,
  };
}

/** Milliseconds for the bytes of one worker through the hub: its process or its network, whichever is slower. */
function transferMs({ msPerWorker, bytesPerWorker }: HubCost, gbit: number): number {
  // Both directions one after the other: a step's averages are out before its results come in.
  return Math.max(msPerWorker, (bytesPerWorker * BITS) / (gbit * 1e6));
}
