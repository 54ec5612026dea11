/** What happened in a run besides steps, from its events: marks on the time line, who was there when, and what to tell of it. */
import { eventSentence, number, word } from '@gradcast/watching';
import type { LoggedEvent } from '@gradcast/watching';
import { COLUMNS } from './columns.ts';
import type { Columns } from './columns.ts';
import { isStart } from './run-time.ts';
import type { Workforce } from './workforce.ts';

/** Kinds of marks, in the order in which the figure has them. */
export const MARKS = [
  'started again',
  'waits',
  'paused',
  'joined',
  'left',
  'lost',
  'refused',
  'kept from work',
  'wrong result',
  'trouble',
  'skipped step',
  'checkpoint',
] as const;
export type MarkKind = (typeof MARKS)[number];

export interface Mark {
  readonly kind: MarkKind;
  /** Seconds of the run's time. */
  readonly at: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly sentence: string;
}

/** Marks that the table has, from both ends of the run. */
const MOST_TOLD = 80;
/** Sentences of each kind that are told at the top. */
const MOST_SENTENCES = 3;

/** Marks of one kind. */
export interface MarkRow {
  count: number;
  /** How many there are in each column. */
  readonly columns: Uint32Array;
  /** The first. */
  readonly sentences: string[];
}

export class Happenings {
  readonly #columns: Columns;
  readonly #workforce: Workforce;
  readonly rows = new Map<MarkKind, MarkRow>();
  /** Seconds of each column in which the run was paused, or waited for workers. */
  readonly idle = new Float64Array(COLUMNS);
  readonly #first: Mark[] = [];
  readonly #last: Mark[] = [];
  #idleSince: number | undefined;
  #wasOpen = false;
  #before = 0;
  #told = 0;
  /** Last words of the run, if it is over. */
  #end: LoggedEvent | undefined;

  constructor(columns: Columns, workforce: Workforce) {
    this.#columns = columns;
    this.#workforce = workforce;
  }

  /** Takes the next event. @param at seconds of the run's time. */
  add(event: LoggedEvent, at: number): void {
    if (isStart(event)) {
      // A coordinator that was killed said no farewell to anybody.
      if (this.#wasOpen) {
        this.#close(this.#before);
        this.#mark('started again', event, at, 'the run was taken up again');
      }
      this.#end = undefined;
      this.#wasOpen = true;
    }
    this.#take(event, at);
    this.#before = at;
  }

  /** There are no more events. */
  end(): void {
    this.#close(this.#before);
  }

  count(kind: MarkKind): number {
    return this.rows.get(kind)?.count ?? 0;
  }

  sentences(kind: MarkKind): readonly string[] {
    return this.rows.get(kind)?.sentences ?? [];
  }

  /** Marks for a table, without checkpoints: the first and the last, in their order, and how many lie between them. */
  get told(): { readonly first: readonly Mark[]; readonly leftOut: number; readonly last: readonly Mark[] } {
    const leftOut = this.#told - this.#first.length - this.#last.length;
    return { first: this.#first, leftOut, last: this.#last };
  }

  /** The event with which the run came to its end, in the words that it has for that; undefined if it is not over. */
  get why(): string | undefined {
    return this.#end && eventSentence(this.#end);
  }

  #take(event: LoggedEvent, at: number): void {
    switch (event.type) {
      case 'state':
        return this.#state(event, at);
      case 'joined':
        this.#workforce.joined(event, at);
        return this.#mark('joined', event, at);
      case 'left': {
        const worker = word(event, 'worker');
        const why = event['why'];
        this.#workforce.left(worker, at, why === 'lost');
        // Whom the end of the run sends home, nobody misses.
        if (why === 'dismissed') return;
        return this.#mark(why === 'lost' ? 'lost' : 'left', event, at);
      }
      case 'refused':
        return this.#mark('refused', event, at, undefined, 1 + Math.max(0, number(event, 'leftOut') || 0));
      case 'quarantined':
      case 'parked':
        return this.#mark('kept from work', event, at);
      case 'distrusted':
        return this.#mark('wrong result', event, at);
      case 'audited':
        return event['ending'] === 'settled' ? this.#mark('wrong result', event, at) : undefined;
      case 'trouble':
        return event['began'] === true ? this.#mark('trouble', event, at) : undefined;
      case 'step-closed':
        return event['skipped'] === true ? this.#mark('skipped step', event, at) : undefined;
      case 'saved':
        return this.#mark('checkpoint', event, at);
      default:
        // Steps, grids and scores have figures of their own.
        return;
    }
  }

  #state(event: LoggedEvent, at: number): void {
    const { from, to } = event;
    if (from === to) return;
    const waits = to === 'waiting-for-workers';
    if (waits || to === 'paused') this.#idleSince ??= at;
    else this.#closeIdle(at);
    if (to === 'paused') this.#mark('paused', event, at);
    // Every run waits for its first worker.
    if (waits && from !== 'setting-up') this.#mark('waits', event, at);
    if (to === 'stopping' || to === 'draining') this.#end = event;
    if (to === 'running') this.#end = undefined;
  }

  #close(at: number): void {
    this.#closeIdle(at);
    this.#workforce.allLeft(at);
  }

  #closeIdle(at: number): void {
    if (this.#idleSince !== undefined) this.#columns.add(this.idle, this.#idleSince, at);
    this.#idleSince = undefined;
  }

  #mark(kind: MarkKind, event: LoggedEvent, at: number, sentence = eventSentence(event), count = 1): void {
    let row = this.rows.get(kind);
    if (!row) this.rows.set(kind, (row = { count: 0, columns: new Uint32Array(COLUMNS), sentences: [] }));
    row.count += count;
    row.columns[this.#columns.at(at)] += count;
    if (row.sentences.length < MOST_SENTENCES) row.sentences.push(sentence);
    if (kind === 'checkpoint') return;
    this.#told++;
    const mark: Mark = { kind, at, time: event.time, sentence };
    if (this.#first.length < MOST_TOLD) this.#first.push(mark);
    else this.#last.push(mark);
    if (this.#last.length > MOST_TOLD) this.#last.shift();
  }
}
