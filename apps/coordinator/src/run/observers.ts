/** What other programs see of a run where its user asks for it: event files for TensorBoard, spans for OpenTelemetry. */
import { otlpHeaders, otlpResource } from '@gradcast/config';
import type { Outputs } from '../records/outputs.ts';
import { VERSION } from '../records/telemetry.ts';
import type { Telemetry } from '../records/telemetry.ts';
import type { TensorBoard } from '../records/tensorboard/tensorboard.ts';
import { Tracing } from '../records/tracing/tracing.ts';
import type { Observers, Prepared, RunOptions } from './context.ts';
import type { Viewing } from './view.ts';

interface Watched {
  readonly telemetry: Telemetry;
  readonly outputs: Pick<Outputs, 'newest'>;
  /** People who watch, if they may. */
  readonly viewing: Pick<Viewing, 'closed'> | undefined;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly wallClock: () => number;
}

/** @throws RunError `out-not-writable`. */
export async function openObservers(options: RunOptions, prepared: Prepared, watched: Watched): Promise<Observers> {
  const { state } = prepared;
  const { viewing } = watched;
  const tracing = tracingOf(options, prepared, watched);
  const tensorboard = await tensorboardOf(options, prepared, watched);
  return {
    averaged: (gradient) => {
      tensorboard?.stepped(state.version, { weights: state.replica.vectors.parameters, gradient });
    },
    closed: (record) => {
      viewing?.closed(record);
      tracing?.closed(record);
    },
    close: async () => {
      await Promise.allSettled([tensorboard?.close(), tracing?.close()]);
    },
  };
}

async function tensorboardOf(
  { config }: RunOptions,
  { beginning, state, totalSteps }: Prepared,
  { telemetry, outputs, wallClock }: Watched,
): Promise<TensorBoard | undefined> {
  if (!config.tensorboard) return undefined;
  // With what encodes it, which other runs need not load.
  const { TensorBoard } = await import('../records/tensorboard/tensorboard.ts');
  const tensorboard = await TensorBoard.open({
    runFolder: beginning.folder.path,
    task: state.task,
    version: state.version,
    every: config.sampleEvery ?? 0,
    totalSteps,
    grid: () => outputs.newest,
    wallClock,
    writing: telemetry.writing.of('tensorboard'),
    onFailed: (sentence) => telemetry.writing.failed('tensorboard', sentence),
  });
  telemetry.readLines((line) => tensorboard.line(line));
  telemetry.stream.read((event) => tensorboard.event(event));
  return tensorboard;
}

function tracingOf(
  { config }: RunOptions,
  { beginning, definition }: Prepared,
  { telemetry, now, wallClock }: Watched,
): Tracing | undefined {
  if (config.otlp === null) return undefined;
  const run = { 'gradcast.run.id': beginning.folder.id, 'gradcast.preset': definition.preset };
  const service = { 'service.name': 'gradcast-coordinator', 'service.version': VERSION };
  return new Tracing({
    settings: {
      url: config.otlp,
      headers: otlpHeaders(process.env),
      resource: { ...service, 'service.instance.id': beginning.folder.id, ...otlpResource(process.env), ...run },
      scope: { name: 'gradcast', version: VERSION },
    },
    now,
    wallClock,
    count: (outcome, spans) => telemetry.countSpans(outcome, spans),
    notice: (sentence) => telemetry.notice(sentence),
  });
}
