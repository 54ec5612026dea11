/** Opens a run to browser tabs, where `--join` says so: what the join page may know of it, and where its requests go. */
import { performance } from 'node:perf_hooks';
import type { Telemetry } from '../records/telemetry.ts';
import type { Outputs } from '../records/outputs.ts';
import { Joining } from '../volunteers/joining.ts';
import type { RunFacts } from '../volunteers/join-routes.ts';
import type { Prepared, RunOptions } from './context.ts';
import type { Fleet } from './fleet.ts';

export interface JoinParts {
  readonly fleet: Fleet;
  readonly telemetry: Pick<Telemetry, 'throughput'>;
  readonly outputs: Pick<Outputs, 'newest'>;
}

/** @throws CoordinatorError `join-code`. */
export async function openJoining(
  { config, control }: RunOptions,
  { listeners, joinFiles, beginning, definition, state, totalSteps }: Prepared,
  { fleet, telemetry, outputs }: JoinParts,
): Promise<Joining | undefined> {
  if (config.join === null || joinFiles === undefined) return undefined;
  const { backend, exact, maxVolunteers, volunteerShare: share } = config;
  const { preset, task } = definition;
  const { id, path } = beginning.folder;
  const facts = (): RunFacts => ({
    ...fleet.attendance,
    run: id,
    task,
    preset,
    step: state.version,
    steps: totalSteps,
    imagesPerSecond: telemetry.throughput.recent,
    state: control.state.name,
    share,
    exact,
    backend,
  });
  const joining = await Joining.open({
    ...config.join,
    files: joinFiles,
    folder: path,
    listening: listeners.url,
    guests: fleet.guests,
    volunteerOf: (secret) => fleet.volunteerOf(secret),
    maxVolunteers,
    facts,
    sample: () => outputs.newest,
    now: () => performance.now(),
    wallClock: Date.now,
  });
  listeners.receive((secret) => joining.guest(secret));
  listeners.answer(joining.onRequest);
  return joining;
}
