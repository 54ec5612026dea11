/**
 * What an earlier run was told, as the weakest layer when that run is resumed by name: a user who writes
 * `--resume runs/X --steps 2000` need not repeat the rest.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Layer } from './layers.ts';
import type { CoordinatorConfig } from './run-config.ts';

/**
 * Reads `config.json` of the run folder at `path`, or of the run folder that holds the checkpoint at `path`. Where there
 * is none the layer is empty: the coordinator, which reads the checkpoint itself, has the last word.
 */
export function readSavedRun(path: string): Layer {
  for (const folder of [path, join(dirname(path), '..')]) {
    const saved = readJson(join(folder, 'config.json'));
    if (saved) return layerOf(saved, folder);
  }
  return new Map();
}

function readJson(file: string): Partial<CoordinatorConfig> | null {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

/** What decides the numbers, and the length; where a run lives and how it is watched belongs to each start. */
function layerOf(saved: Partial<CoordinatorConfig>, folder: string): Layer {
  const { preset, seed, microBatchSize, microBatches, learningRate, length, data } = saved;
  const values: Record<string, unknown> = {
    preset,
    seed,
    'micro-batches': microBatches,
    'global-batch':
      microBatchSize !== undefined && microBatches !== undefined ? microBatchSize * microBatches : undefined,
    lr: learningRate,
    steps: length && 'steps' in length ? length.steps : undefined,
    epochs: length && 'epochs' in length ? length.epochs : undefined,
    data: data ?? undefined,
  };
  const layer: Layer = new Map();
  for (const [name, raw] of Object.entries(values)) {
    if (raw !== undefined) layer.set(name, { raw, label: `${name} of the run in ${folder}` });
  }
  return layer;
}
