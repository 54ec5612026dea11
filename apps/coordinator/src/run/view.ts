/** Lets people watch a run on a page of the coordinator's port, and steer it there, where that may be. */
import { isForThisMachine, watches } from '@gradcast/config';
import type { ViewSnapshot } from '@gradcast/protocol';
import { globalBatch } from '@gradcast/schedule';
import { VERSION } from '../records/telemetry.ts';
import type { Telemetry } from '../records/telemetry.ts';
import type { ClosedRecord } from '../records/records.ts';
import { History } from '../viewing/history.ts';
import { closedStep, RecentSteps } from '../viewing/recent-steps.ts';
import type { RecentStep } from '../viewing/recent-steps.ts';
import { RunFiles } from '../viewing/run-files.ts';
import { standOf } from '../viewing/stand.ts';
import { SteerRefusals } from '../viewing/steer-refusals.ts';
import { steeringSecret } from '../viewing/steering-secret.ts';
import { Viewers } from '../viewing/viewers.ts';
import { LINK_HOLDER, ViewSessions } from '../viewing/view-sessions.ts';
import { viewPort } from '../viewing/view-port.ts';
import { pageAddress } from '../volunteers/joining.ts';
import type { Acts } from './acts.ts';
import type { Prepared, RunOptions } from './context.ts';
import type { Fleet } from './fleet.ts';
import { fromHere } from '../records/summary.ts';

export interface Viewing {
  /** Where the page is. */
  readonly url: string;
  /** Whether it asks for a viewer's token. */
  readonly needsToken: boolean;
  /** Where the run is steered, with the run's own secret in its fragment if that is how; undefined where nobody may. */
  readonly steerUrl: string | undefined;
  /** A step was applied or skipped. */
  closed(record: ClosedRecord): void;
  tick(): void;
}

export interface ViewParts {
  readonly fleet: Fleet;
  readonly acts: Acts;
  readonly telemetry: Telemetry;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

/**
 * Who may watch: with credentials of role `viewer` or `operator` whoever has one, wherever it is. Without, whoever reaches a port that
 * nobody reaches from other machines; where a proxy may pass others on, or others reach it themselves, nobody.
 */
export function mayBeWatched({ config, access }: Pick<RunOptions, 'config' | 'access'>): 'nobody' | 'viewers' | 'all' {
  if (!config.page) return 'nobody';
  if ((access.credentials ?? []).some(watches)) return 'viewers';
  return isForThisMachine(config) ? 'all' : 'nobody';
}

/**
 * Who may steer, with `--steer` alone: operators with credentials; where there are none, and nobody but this machine has the
 * page, whoever has a secret that the coordinator makes.
 */
export function maySteer({ config, access }: Pick<RunOptions, 'config' | 'access'>): 'nobody' | 'operators' | 'link' {
  if (!config.steer || mayBeWatched({ config, access }) === 'nobody') return 'nobody';
  if ((access.credentials ?? []).some(({ role }) => role === 'operator')) return 'operators';
  return isForThisMachine(config) ? 'link' : 'nobody';
}

/** @throws CoordinatorError `steering-secret`. */
export async function openViewing(
  options: RunOptions,
  prepared: Prepared,
  parts: ViewParts,
): Promise<Viewing | undefined> {
  const { config, control } = options;
  const { listeners, viewFiles, beginning, definition, state, stored, totalSteps } = prepared;
  const { fleet, acts, telemetry, now, wallClock } = parts;
  if (viewFiles === undefined) return undefined;
  const { id, path } = beginning.folder;
  const { microBatchSize } = definition;
  const recent = new RecentSteps();
  const history = new History(path);
  const runFiles = new RunFiles({ folder: path, run: id });
  const stand = () =>
    standOf({
      time: wallClock() / 1000,
      state: control.state,
      version: state.version,
      totalSteps,
      batch: globalBatch(definition),
      imagesPerSecond: telemetry.throughput.recent,
      workers: fleet.workers,
      paces: recent.paces(microBatchSize),
      phases: recent.phases,
      leaves: definition.microBatches,
      codec: definition.codec,
      open: fleet.present,
    });
  const viewers = new Viewers({ stream: telemetry.stream, stand, now });
  telemetry.readLines((line) => viewers.line(line));
  const snapshot = async (): Promise<string> => {
    // What happens while the folder is read is in the stream behind this number as well, which does no harm.
    const { seq } = telemetry.stream;
    const [events, curves, grids, files] = await Promise.all([
      history.events(telemetry.stream.since(0)),
      history.curves(),
      runFiles.grids(),
      runFiles.list(),
    ]);
    const run = {
      id,
      folder: fromHere(path),
      preset: definition.preset,
      config: stored,
      microBatch: microBatchSize,
      minWorkers: config.minWorkers,
    };
    const things = { ...stand(), closed: recent.closed, lines: [] };
    return JSON.stringify({
      version: VERSION,
      run,
      seq,
      now: things,
      events,
      curves,
      grids,
      files,
    } satisfies Omit<ViewSnapshot, 'you'>);
  };
  const address = config.join?.url ?? pageAddress(listeners.url);
  const prefix = new URL(address).pathname.replace(/\/$/, '');
  const whoSteers = maySteer(options);
  const secret = whoSteers === 'link' ? await steeringSecret(path) : undefined;
  const people = peopleOf(options, secret);
  const sessions =
    people.length > 0 ? new ViewSessions({ people, run: id, path: `${prefix}/view`, wallClock }) : undefined;
  const refusals = new SteerRefusals({
    count: (reason) => telemetry.steeringRefused(reason),
    log: (line, sentence) => options.logger.warn(line, sentence),
    now,
  });
  const steering =
    sessions && whoSteers !== 'nobody'
      ? { sessions, acts, run: id, onRefused: (code: string, who: string) => refusals.add(code, who) }
      : undefined;
  const isOpen = mayBeWatched(options) === 'all';
  const answers = { files: viewFiles, viewers, snapshot: shared(snapshot), runFiles };
  listeners.answer(viewPort({ ...answers, isOpen, sessions, steering, prefix, now }));
  const url = `${address}/`;
  return {
    url,
    needsToken: !isOpen,
    steerUrl: steering && (secret === undefined ? url : `${url}#${secret}`),
    closed: ({ version, history: results, account: { phases } }) => {
      const step: RecentStep = { step: version, time: wallClock() / 1000, history: results, phases };
      recent.add(step);
      viewers.closed(() => closedStep(step));
    },
    tick: () => {
      viewers.tick();
      refusals.tick();
    },
  };
}

/** Those who have a token to watch or steer with. @param secret the run's own. */
function peopleOf({ access }: Pick<RunOptions, 'access'>, secret: string | undefined) {
  const named = (access.credentials ?? []).filter(watches).flatMap((credential) => {
    const { name, role } = credential;
    return name === null ? [] : [{ name, role, secret: credential.secret }];
  });
  return secret === undefined ? named : [...named, { name: LINK_HOLDER, role: 'operator' as const, secret }];
}

/** Those who ask while an answer is being made are given the same. */
function shared(make: () => Promise<string>): () => Promise<string> {
  let making: Promise<string> | undefined;
  return () => (making ??= make().finally(() => (making = undefined)));
}
