/** How a run is, for those who watch it. */
import type { ViewLease, ViewLeaseState, ViewNow, ViewPhases, ViewStep, ViewWorker } from '@gradcast/protocol';
import type { Lease } from '@gradcast/schedule';
import { bottleneckOf, PHASE_WORDS, phaseShares, workerParts } from '@gradcast/watching';
import type { PhaseSeconds, WorkerPace } from '@gradcast/watching';
import type { WorkerView } from '../events.ts';
import type { News } from './viewers.ts';

/** Rows of workers; a run may have a thousand volunteers. */
const MOST_WORKERS = 64;
/** Leaves of a step whose leases are told one by one. */
const MOST_LEASES = 1024;

export interface StandFacts {
  /** Seconds since 1970. */
  readonly time: number;
  readonly state: { readonly name: string; readonly pausing: boolean };
  readonly version: number;
  readonly totalSteps: number;
  /** Images of a step. */
  readonly batch: number;
  readonly imagesPerSecond: number;
  readonly workers: readonly WorkerView[];
  readonly paces: ReadonlyMap<string, WorkerPace>;
  /** Where the time of the last steps went, in any unit; undefined while none has closed. */
  readonly phases: PhaseSeconds | undefined;
  /** Of a step. */
  readonly leaves: number;
  readonly codec: string;
  readonly open: { readonly version: number; readonly leases: StepInHand } | undefined;
}

interface StepInHand {
  readonly covered: readonly boolean[];
  readonly granted: readonly Lease[];
}

export function standOf(facts: StandFacts): Omit<ViewNow, keyof News> {
  const { time, state, version, totalSteps, batch, imagesPerSecond: speed, workers, paces, open } = facts;
  const isGoing = state.name === 'running' && speed > 0;
  const rows = workers.map((worker) => rowOf(worker, paces.get(worker.name)));
  // Those whose word counts first, and of each the busiest; in an order that stays.
  rows.sort((a, b) => isGuest(a) - isGuest(b) || order(b) - order(a));
  const shown = rows.slice(0, MOST_WORKERS).sort((a, b) => isGuest(a) - isGuest(b) || NAMES.compare(a.name, b.name));
  return {
    time,
    state: state.name,
    pausing: state.pausing,
    step: version,
    steps: totalSteps,
    imagesPerSecond: rounded(speed),
    etaSeconds: isGoing ? Math.round(((totalSteps - version) * batch) / speed) : null,
    workers: shown,
    more: Math.max(0, rows.length - MOST_WORKERS),
    phases: phasesOf(facts),
    open: open === undefined ? null : stepOf(open.version + 1, open.leases),
  };
}

function phasesOf({ phases, workers, paces, leaves, codec }: StandFacts): ViewPhases | null {
  if (!phases) return null;
  const parts = workerParts(
    paces,
    workers.filter(mayWork).map(({ name }) => name),
  );
  const { sentence } = bottleneckOf({ phases, workers: parts, leaves, codec });
  const shares = phaseShares(phases).map(
    ({ name, share }) => [name, PHASE_WORDS[name], Math.round(share * 1000) / 1000] as const,
  );
  return { sentence, shares: shares.filter(([, , share]) => share > 0) };
}

/** Whether it would get leaves if there were any. */
function mayWork({ state }: WorkerView): boolean {
  return state === 'idle' || state === 'leased';
}

/** `local-2` before `local-10`. */
const NAMES = new Intl.Collator('en', { numeric: true });

function isGuest({ role }: ViewWorker): number {
  return Number(role === 'volunteer');
}

function order({ share }: ViewWorker): number {
  return share ?? -1;
}

function rowOf(
  { name, role, backend, device, state, quarantine }: WorkerView,
  pace: WorkerPace | undefined,
): ViewWorker {
  const share = pace ? Math.round(pace.share * 1000) / 1000 : null;
  const speed = pace && Number.isFinite(pace.imagesPerSecond) ? rounded(pace.imagesPerSecond) : null;
  return { name, role, backend, device, state, why: quarantine, share, imagesPerSecond: speed };
}

function stepOf(step: number, { covered, granted }: StepInHand): ViewStep {
  return {
    step,
    leaves: covered.length,
    covered,
    leases: granted.slice(-MOST_LEASES).map((lease) => leaseOf(lease, covered)),
  };
}

function leaseOf(lease: Lease, covered: readonly boolean[]): ViewLease {
  const { worker, range, audit } = lease;
  return { worker, ...range, audit, state: leaseState(lease, covered) };
}

function leaseState({ range, dropped, expired, shared }: Lease, covered: readonly boolean[]): ViewLeaseState {
  if (dropped) return 'dropped';
  if (covered.slice(range.first, range.first + range.count).every(Boolean)) return 'done';
  return expired ? 'expired' : shared ? 'shared' : 'open';
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
