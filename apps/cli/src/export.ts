/**
 * `gradcast export`: the trained model of a run as files of other programs. It has the weights that samples are drawn with, the
 * moving average where there is one, and BatchNorm with the statistics of the fixed reference inputs, folded into its layers.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { BackendRequest } from '@gradcast/backends-node';
import { outputStatistics, type LoadedBackend } from '@gradcast/engine';
import { referenceInputs } from '@gradcast/evaluate';
import { exportedModel, htmlPage, onnxFile, safetensorsFile, tfjsFiles, type ExportedModel } from '@gradcast/export';
import { openChosenBackend, warnOnStderr } from './outputs/open-engine.ts';
import { OutputError } from './outputs/output-error.ts';
import { assertPlace, writeOutputFile, writeOutputFolder } from './outputs/place.ts';
import { openTrainedModel, originalsOf, type TrainedModel } from './outputs/trained-model.ts';

export type ExportFormat = 'tfjs' | 'safetensors' | 'onnx' | 'html';

export interface ExportOptions {
  /** Run folder, of which the newest sound checkpoint is taken, or checkpoint file. */
  readonly run: string;
  readonly format: ExportFormat;
  /** A folder for `tfjs`, which must not be there or be empty; a file for the others. The folder that it lies in must exist. */
  readonly output: string;
  readonly backend: BackendRequest;
  /** Path of the user's task file, if it is not where the run was started with it. */
  readonly task: string | null;
}

export interface ExportResult {
  readonly output: string;
  /** The checkpoint the model came from. */
  readonly checkpoint: string;
  readonly step: number;
}

/** What the command needs besides its options; tests put their own in its place. */
export interface ExportSurroundings {
  readonly openBackend?: (backend: BackendRequest, warn: (line: string) => void) => Promise<LoadedBackend>;
  /** Folder of what a page is made of. */
  readonly page?: URL;
  readonly warn?: (line: string) => void;
}

/** Beside the program once built: see `bin/export-page.mjs`. */
const BUILT_PAGE = new URL('./export-page/', import.meta.url);

/**
 * Exports the model and writes it atomically.
 *
 * @throws OutputError; ExportError; RunError and CheckpointError for what `run` names; BackendError.
 */
export async function runExport(options: ExportOptions, around: ExportSurroundings = {}): Promise<ExportResult> {
  const { warn = warnOnStderr, openBackend = openChosenBackend, page = BUILT_PAGE } = around;
  const output = resolve(options.output);
  await assertPlace(output, options.format === 'tfjs' ? 'folder' : 'file');
  const trained = await openTrainedModel({ run: options.run, task: options.task, warn });
  const { task, parameters, path: checkpoint, step } = trained;
  const open = () => openBackend(options.backend, warn);
  const statistics = await statisticsOf(trained, open);
  const model = exportedModel({ task, step, parameters, statistics });
  await write(output, { model, format: options.format, page });
  return { output, checkpoint, step };
}

/** A backend is needed for BatchNorm alone. */
async function statisticsOf(trained: TrainedModel, open: () => Promise<LoadedBackend>) {
  const { task, parameters, path } = trained;
  const { output } = task;
  if (!output)
    throw new OutputError('no-output', `${path} is of the preset ${task.name}, which says nothing of an output`);
  if (task.running.length === 0) return {};
  const originals = await originalsOf(trained, output);
  return outputStatistics(task, await open(), { parameters, reference: referenceInputs(output, originals) });
}

async function write(
  output: string,
  { model, format, page }: { readonly model: ExportedModel; readonly format: ExportFormat; readonly page: URL },
): Promise<void> {
  switch (format) {
    case 'tfjs':
      return writeOutputFolder(output, tfjsFiles(model));
    case 'safetensors':
      return writeOutputFile(output, safetensorsFile(model));
    case 'onnx':
      return writeOutputFile(output, [onnxFile(model)]);
    case 'html': {
      const text = (name: string) => readFile(new URL(name, page), 'utf8');
      const [document, style, script] = await Promise.all([text('index.html'), text('style.css'), text('page.js')]);
      return writeOutputFile(output, [new TextEncoder().encode(htmlPage(model, { document, style, script }))]);
    }
    default:
      return format satisfies never;
  }
}
