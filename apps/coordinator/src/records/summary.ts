/** What a run came to: summary.json, and what the command prints at the end. */
import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import type { RunFolder } from '@gradcast/run-folder';
import type { StoppedEarly, Summary } from '@gradcast/config';
import type { RunDefinition } from '@gradcast/definition';
import { globalBatch } from '@gradcast/schedule';
import { stateBytes } from '@gradcast/optimizer';
import type { TrainingState } from '@gradcast/optimizer';
import type { Evaluations } from './evaluations.ts';
import type { Outputs } from './outputs.ts';
import { VERSION } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';

export interface SummaryOptions {
  readonly status: Summary['status'];
  readonly definition: RunDefinition;
  readonly folder: Pick<RunFolder, 'id' | 'path'>;
  readonly totalSteps: number;
  readonly state: TrainingState;
  readonly stoppedEarly: StoppedEarly | null;
  readonly telemetry: Pick<Telemetry, 'throughput' | 'workersSeen' | 'backends' | 'used' | 'phases'>;
  readonly outputs: Pick<Outputs, 'grid' | 'scores'>;
  readonly evaluations: Pick<Evaluations, 'newest'>;
}

export function summarize(options: SummaryOptions): Summary {
  const { status, definition, folder, totalSteps, state, stoppedEarly, telemetry, outputs, evaluations } = options;
  const bytes = stateBytes(state.vectors);
  return {
    status,
    runId: folder.id,
    runFolder: fromHere(folder.path),
    steps: state.version,
    targetSteps: totalSteps,
    images: state.position,
    seconds: telemetry.throughput.measured.seconds,
    imagesPerSecond: telemetry.throughput.overall,
    parametersSha256: sha256(bytes.slice(0, 1)),
    stateSha256: sha256(bytes),
    ...definition,
    globalBatch: globalBatch(definition),
    workers: telemetry.workersSeen,
    backend: telemetry.backends,
    software: { gradcast: VERSION, node: process.versions.node },
    exact: telemetry.used.count <= 1,
    samples: outputs.grid === null ? null : fromHere(outputs.grid),
    scores: outputs.scores,
    quality: evaluations.newest,
    stoppedEarly,
    phases: telemetry.phases.summary,
  };
}

/** A path as one would type it here. */
export function fromHere(path: string): string {
  return relative(process.cwd(), path) || path;
}

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
