/** Lets people watch a run on a page of the coordinator's port, where that may be. */
import { isLoopback } from '@gradcast/protocol';
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
import { Viewers } from '../viewing/viewers.ts';
import { ViewSessions } from '../viewing/view-sessions.ts';
import { viewPort } from '../viewing/view-port.ts';
import { pageAddress } from '../volunteers/joining.ts';
import type { Prepared, RunOptions } from './context.ts';
import type { Fleet } from './fleet.ts';
import { fromHere } from '../records/summary.ts';

export interface Viewing {
  /** Where the page is. */
  readonly url: string;
  /** Whether it asks for a viewer's token. */
  readonly needsToken: boolean;
  /** A step was applied or skipped. */
  closed(record: ClosedRecord): void;
  tick(): void;
}

export interface ViewParts {
  readonly fleet: Fleet;
  readonly telemetry: Telemetry;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

/**
 * Who may watch: with credentials of role `viewer` whoever has one, wherever it is. Without, whoever reaches a port that nobody
 * reaches from other machines; where a proxy may pass others on, or others reach it themselves, nobody.
 */
export function mayBeWatched({ config, access }: Pick<RunOptions, 'config' | 'access'>): 'nobody' | 'viewers' | 'all' {
  const { page, host, trustedProxies, join } = config;
  if (!page) return 'nobody';
  if ((access.credentials ?? []).some(({ role }) => role === 'viewer')) return 'viewers';
  const isOurs = isLoopback(host) && trustedProxies.length === 0 && (join?.url ?? null) === null;
  return isOurs ? 'all' : 'nobody';
}

export function openViewing(options: RunOptions, prepared: Prepared, parts: ViewParts): Viewing | undefined {
  const { config, control, access } = options;
  const { listeners, viewFiles, beginning, definition, state, stored, totalSteps } = prepared;
  const { fleet, telemetry, now, wallClock } = parts;
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
    } satisfies ViewSnapshot);
  };
  const viewerTokens = (access.credentials ?? []).flatMap(({ name, role, secret }) =>
    role === 'viewer' && name !== null ? [{ name, secret }] : [],
  );
  const address = config.join?.url ?? pageAddress(listeners.url);
  const prefix = new URL(address).pathname.replace(/\/$/, '');
  const sessions =
    viewerTokens.length > 0
      ? new ViewSessions({ viewers: viewerTokens, run: id, path: `${prefix}/view`, wallClock })
      : undefined;
  listeners.answer(
    viewPort({ files: viewFiles, sessions, viewers, snapshot: shared(snapshot), runFiles, prefix, now }),
  );
  return {
    url: `${address}/`,
    needsToken: sessions !== undefined,
    closed: ({ version, history: results, account: { phases } }) => {
      const step: RecentStep = { step: version, time: wallClock() / 1000, history: results, phases };
      recent.add(step);
      viewers.closed(() => closedStep(step));
    },
    tick: () => viewers.tick(),
  };
}

/** Those who ask while an answer is being made are given the same. */
function shared(make: () => Promise<string>): () => Promise<string> {
  let making: Promise<string> | undefined;
  return () => (making ??= make().finally(() => (making = undefined)));
}
