/**
 * What travels: bytes that a coordinator counted, read from its `/metrics` while a run goes on, and the sizes that the
 * library says a node and an average have.
 */
import { ganTask, presets } from '@gradcast/gan';
import type { PresetName } from '@gradcast/gan';
import { CODECS } from '@gradcast/protocol';
import type { CodecName } from '@gradcast/protocol';
import { createCodec } from '@gradcast/reduction';
import { referenceKernels as kernels } from '@gradcast/vector';
import { follow, scrape } from '../harness/metrics.ts';

const SCRAPE_MS = 500;

interface Reading {
  readonly steps: number;
  /** By direction and message, such as `in result`. */
  readonly bytes: ReadonlyMap<string, number>;
}

export type FollowedWire = ReturnType<typeof followWire>;

/** Follows the metrics of a run, from its first closed step. */
export function followWire(url: string) {
  return follow<Reading>(SCRAPE_MS, async (signal) => {
    const metrics = await scrape(url, signal);
    const steps = metrics.value('gradcast_steps_total');
    if (steps === 0) return undefined;
    const samples = metrics.all('gradcast_wire_bytes_total');
    const bytes = new Map(
      samples.map(({ labels: { direction, message }, value }) => [`${direction} ${message}`, value] as const),
    );
    return { steps, bytes };
  });
}

/**
 * Bytes of one step and worker between the first and the last reading, snapshots left out: a worker gets one when it joins,
 * not in a step.
 *
 * @returns `up` (to the coordinator), `down` and, message by message, `messages`; undefined without two readings that
 *   are a step apart.
 */
export function bytesPerStep(readings: readonly Reading[], workers: number) {
  const [first, last] = [readings.at(0), readings.at(-1)];
  if (!first || !last || last.steps === first.steps) return undefined;
  const steps = last.steps - first.steps;
  let [up, down] = [0, 0];
  const messages: Record<string, number> = {};
  for (const [key, bytes] of last.bytes) {
    const [direction, message] = key.split(' ');
    if (message === 'snapshot') continue;
    const each = (bytes - (first.bytes.get(key) ?? 0)) / steps / workers;
    if (direction === 'in') up += each;
    else down += each;
    messages[key] = Math.round(each);
  }
  return { up: Math.round(up), down: Math.round(down), messages };
}

/** Bytes of a tree's node and of an average. */
export interface Sizes {
  readonly nodeBytes: number;
  readonly averageBytes: number;
}

/** The sizes of a preset, by codec. */
export function sizesOf(preset: PresetName): Readonly<Record<CodecName, Sizes>> {
  const layout = ganTask(presets[preset]);
  const sizes = CODECS.map((codec) => {
    const { nodeBytes, averageBytes } = createCodec(codec, { layout, seed: 0, kernels });
    return [codec, { nodeBytes, averageBytes }] as const;
  });
  return Object.fromEntries(sizes) as Record<CodecName, Sizes>;
}
