/** How many workers do what, volunteers apart. */
import type { WorkerState, WorkerView } from '../events.ts';

/** What a worker does that has its replica and is there. */
const ACTIVE: readonly WorkerState[] = ['idle', 'leased', 'quarantined'];

type Counts = ReadonlyMap<WorkerState, number>;

export class HeadCount {
  readonly workers: Counts;
  readonly volunteers: Counts;

  constructor(views: readonly Pick<WorkerView, 'role' | 'state'>[]) {
    this.workers = counted(views.filter(({ role }) => role !== 'volunteer'));
    this.volunteers = counted(views.filter(({ role }) => role === 'volunteer'));
  }

  /** Those that work, or could at once. */
  get active(): { readonly workers: number; readonly volunteers: number } {
    return { workers: activeOf(this.workers), volunteers: activeOf(this.volunteers) };
  }
}

function counted(views: readonly Pick<WorkerView, 'state'>[]): Counts {
  const counts = new Map<WorkerState, number>();
  for (const { state } of views) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

function activeOf(counts: Counts): number {
  return ACTIVE.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0);
}
