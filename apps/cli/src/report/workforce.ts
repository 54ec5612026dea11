/**
 * Who computed in a run and when: who was there from its events, what each did from the ledger.
 *
 * Invariant: however many take part, so many are kept apart; what others do is theirs together.
 */
import { USED, word } from '@gradcast/watching';
import type { LoggedEvent } from '@gradcast/watching';
import { COLUMNS } from './columns.ts';
import type { Columns } from './columns.ts';

/** Workers that are kept apart while files are read. */
const MOST_KEPT = 1024;

/** A worker, or many together. */
export interface WorkerRecord {
  readonly name: string;
  /** How many it stands for. */
  workers: number;
  backend: string;
  device: string;
  isVolunteer: boolean;
  /** Leaves of its that are in the model. */
  leaves: number;
  /** Results that were not used. */
  unused: number;
  /** Seconds between a lease and its result. */
  busySeconds: number;
  presentSeconds: number;
  lost: number;
  /** The same by column. */
  readonly busy: Float64Array;
  readonly present: Float64Array;
}

/** What a result of the ledger says. */
export interface WorkResult {
  readonly worker: string;
  /** Leaves. */
  readonly size: number;
  readonly outcome: string;
  /** Milliseconds from the lease's grant. */
  readonly ms: number;
}

export class Workforce {
  readonly #columns: Columns;
  readonly #workers = new Map<string, WorkerRecord>();
  readonly #others: WorkerRecord;
  /** Since when those are there who are, in seconds of the run's time. */
  readonly #since = new Map<string, number>();
  /** Names of those that are not kept apart, as far as they are counted. */
  readonly #more = new Set<string>();

  constructor(columns: Columns) {
    this.#columns = columns;
    this.#others = recordOf('others');
    this.#others.workers = 0;
  }

  joined(event: LoggedEvent, at: number): void {
    const name = word(event, 'name');
    const record = this.#of(name);
    if (record === this.#others) return;
    record.backend = word(event, 'backend');
    record.device = word(event, 'device');
    record.isVolunteer = event['role'] === 'volunteer';
    if (!this.#since.has(name)) this.#since.set(name, at);
  }

  left(name: string, at: number, isLost: boolean): void {
    const record = this.#of(name);
    if (isLost) record.lost++;
    const since = this.#since.get(name);
    if (since === undefined) return;
    this.#since.delete(name);
    record.presentSeconds += at - since;
    this.#columns.add(record.present, since, at);
  }

  allLeft(at: number): void {
    for (const name of [...this.#since.keys()]) this.left(name, at, false);
  }

  /**
   * A step closed.
   *
   * @param when in the run's time; undefined where nobody knows.
   */
  worked(results: readonly WorkResult[], when: { readonly end: number; readonly seconds: number } | undefined): void {
    const longest = new Map<WorkerRecord, number>();
    for (const { worker, size, outcome, ms } of results) {
      const record = this.#of(worker);
      if (USED.includes(outcome)) record.leaves += size;
      else record.unused++;
      // Leases of one worker overlap; its longest covers the others.
      longest.set(record, Math.max(longest.get(record) ?? 0, ms / 1000));
    }
    // A step may have waited for its first lease; from then on all leases of it went out together.
    const all = Math.min(when?.seconds ?? 0, Math.max(0, ...longest.values()));
    for (const [record, seconds] of longest) {
      const busy = when ? Math.min(seconds, all) : seconds;
      record.busySeconds += busy;
      if (when) this.#columns.add(record.busy, when.end - all, when.end - all + busy);
    }
  }

  /** How many took part. */
  get count(): number {
    return this.#workers.size + this.#more.size;
  }

  /** All who did something or were there, the busiest first; those beyond `most` together as the last. */
  busiest(most: number): WorkerRecord[] {
    const all = [...this.#workers.values()].sort(
      (a, b) => b.leaves - a.leaves || b.presentSeconds - a.presentSeconds || (a.name < b.name ? -1 : 1),
    );
    const more = [...all.slice(most), ...(this.#others.workers > 0 ? [this.#others] : [])];
    if (more.length === 0) return all;
    const workers = more.reduce((sum, each) => sum + each.workers, 0);
    const rest = recordOf(`${workers} others`);
    rest.workers = workers;
    for (const each of more) addTo(rest, each);
    return [...all.slice(0, most), rest];
  }

  #of(name: string): WorkerRecord {
    const known = this.#workers.get(name);
    if (known) return known;
    if (this.#workers.size >= MOST_KEPT) {
      if (this.#more.size < MOST_KEPT) this.#more.add(name);
      this.#others.workers = this.#more.size;
      return this.#others;
    }
    const record = recordOf(name);
    this.#workers.set(name, record);
    return record;
  }
}

function recordOf(name: string): WorkerRecord {
  return {
    name,
    workers: 1,
    backend: '-',
    device: '-',
    isVolunteer: false,
    leaves: 0,
    unused: 0,
    busySeconds: 0,
    presentSeconds: 0,
    lost: 0,
    busy: new Float64Array(COLUMNS),
    present: new Float64Array(COLUMNS),
  };
}

function addTo(sum: WorkerRecord, each: WorkerRecord): void {
  sum.leaves += each.leaves;
  sum.unused += each.unused;
  sum.busySeconds += each.busySeconds;
  sum.presentSeconds += each.presentSeconds;
  sum.lost += each.lost;
  each.busy.forEach((seconds, i) => (sum.busy[i] += seconds));
  each.present.forEach((seconds, i) => (sum.present[i] += seconds));
}
