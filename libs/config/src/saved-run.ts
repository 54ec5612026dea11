/**
 * What an earlier run was told, as the weakest layer when that run is resumed by name: a user who writes
 * `--resume runs/X --steps 2000` need not repeat the rest.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Layer, Written } from './layers.ts';
import type { CoordinatorConfig } from './run-config.ts';

/** A checkpoint's header names its tensors and holds its configuration: some kilobytes. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/**
 * Reads the configuration in the checkpoint at `path`, or `config.json` of the run folder at `path`. Where there is none
 * the layer is empty: the coordinator, which reads the checkpoint itself, has the last word.
 */
export function readSavedRun(path: string): Layer {
  const saved = attempt(() => readFileSync(join(path, 'config.json'), 'utf8')) ?? attempt(() => checkpointConfig(path));
  return saved ? layerOf(saved, path) : new Map<string, Written>();
}

function attempt(read: () => string): Partial<CoordinatorConfig> | null {
  try {
    const value: unknown = JSON.parse(read());
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

/** A safetensors file begins with a u64 length (little-endian) and that many bytes of JSON. */
function checkpointConfig(path: string): string {
  const file = openSync(path, 'r');
  try {
    const length = Buffer.alloc(8);
    readSync(file, length);
    const bytes = Number(length.readBigUInt64LE());
    if (bytes > MAX_HEADER_BYTES) throw new RangeError('no header is as long');
    const header = Buffer.alloc(bytes);
    readSync(file, header, { position: 8 });
    const { __metadata__ } = JSON.parse(header.toString('utf8')) as { __metadata__: { config: string } };
    return __metadata__.config;
  } finally {
    closeSync(file);
  }
}

/** What decides the numbers, and the length; where a run lives and how it is watched belongs to each start. */
function layerOf(saved: Partial<CoordinatorConfig>, path: string): Layer {
  const { preset, seed, microBatchSize, microBatches, learningRate, codec, length, data } = saved;
  const values: Record<string, unknown> = {
    preset,
    seed,
    'micro-batches': microBatches,
    'global-batch':
      microBatchSize !== undefined && microBatches !== undefined ? microBatchSize * microBatches : undefined,
    lr: learningRate,
    codec,
    steps: length && 'steps' in length ? length.steps : undefined,
    epochs: length && 'epochs' in length ? length.epochs : undefined,
    data: data ?? undefined,
  };
  const layer: Layer = new Map();
  for (const [name, raw] of Object.entries(values)) {
    if (raw !== undefined) layer.set(name, { raw, label: `${name} of ${path}` });
  }
  return layer;
}
