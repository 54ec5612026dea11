/**
 * What an earlier run was told, as the weakest layer when that run is resumed by name: a user who writes
 * `--resume runs/X --steps 2000` need not repeat the rest.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStoredConfig } from '@gradcast/checkpoint';
import { recordedFlags } from '@gradcast/definition';
import type { RunDefinition } from '@gradcast/definition';
import type { Layer, Written } from './layers.ts';
import type { CoordinatorConfig } from './run-config.ts';

/** What a run's files hold. */
type Recorded = Partial<CoordinatorConfig & RunDefinition>;

/**
 * Reads the configuration in the checkpoint at `path`, or `config.json` of the run folder at `path`. Where there is none
 * the layer is empty: the coordinator, which reads the checkpoint itself, has the last word.
 */
export function readSavedRun(path: string): Layer {
  const saved =
    attempt(() => JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'))) ?? attempt(() => readStoredConfig(path));
  return saved ? layerOf(saved, path) : new Map<string, Written>();
}

function attempt(read: () => unknown): Recorded | null {
  try {
    const value = read();
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

function lengthIn(length: unknown, name: string): unknown {
  return typeof length === 'object' && length !== null ? (Reflect.get(length, name) as unknown) : undefined;
}

/** Where the learning rate decays; nothing where it is constant, as in a run from before there was a choice. */
function decayOf({ lrSchedule = 'constant', decayFromImages, decayToImages }: Recorded) {
  if (lrSchedule === 'constant') return {};
  return { 'decay-from-images': decayFromImages, 'decay-to-images': decayToImages };
}

/** What early stopping looks at; nothing where it is off. */
function evaluationOf({ earlyStopEvery = 0, earlyStopCount = 0 }: Partial<RunDefinition>) {
  const flagOf = (value: number) => (value > 0 ? value : undefined);
  return { 'evaluate-every': flagOf(earlyStopEvery), 'evaluate-count': flagOf(earlyStopCount) };
}

/**
 * What decides the numbers, and the length, as the options that say so; where a run lives and how it is watched belongs to each start.
 *
 * @param saved a run's `config.json`, of any version: values are as they stand there, undefined or null where nothing does.
 */
export function recordedSettings(saved: object): Readonly<Record<string, unknown>> {
  return settingsOf(saved);
}

function settingsOf(saved: Recorded): Record<string, unknown> {
  const { microBatchSize, microBatches, length, data, taskFile } = saved;
  const flags = recordedFlags(saved);
  return {
    ...flags,
    // A task of the user's own is known by its file.
    preset: taskFile ? undefined : flags.preset,
    task: taskFile,
    'global-batch':
      microBatchSize !== undefined && microBatches !== undefined ? microBatchSize * microBatches : undefined,
    steps: lengthIn(length, 'steps'),
    epochs: lengthIn(length, 'epochs'),
    ...decayOf(saved),
    ...evaluationOf(saved),
    data,
  };
}

function layerOf(saved: Recorded, path: string): Layer {
  const layer: Layer = new Map();
  for (const [name, raw] of Object.entries(settingsOf(saved))) {
    if (raw !== undefined && raw !== null) layer.set(name, { raw, label: `${name} of ${path}` });
  }
  return layer;
}
