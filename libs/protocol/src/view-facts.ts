/** What coordinator and the page on which people watch a run both know: what `GET /view/snapshot` and `GET /view/events` say. */

/** An event of the run, as its stream has it, with what is said of it. Words of peers in it are text and nothing else. */
export interface ViewEvent extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly seq: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** Without its full stop. */
  readonly sentence: string;
}

export interface ViewWorker {
  readonly name: string;
  readonly role: string;
  readonly backend: string;
  readonly device: string;
  readonly state: string;
  /** Why it is in that state, where that is known. */
  readonly why: string | null;
  /** Of the leaves of the last steps, 0 to 1. */
  readonly share: number | null;
  /** While it computes. */
  readonly imagesPerSecond: number | null;
}

/** What becomes of a lease: its worker computes, others may be asked as well, its deadline passed, it was taken back, all came. */
export type ViewLeaseState = 'open' | 'shared' | 'expired' | 'dropped' | 'done';

/** A lease of an open step. */
export interface ViewLease {
  readonly worker: string;
  readonly first: number;
  readonly count: number;
  readonly audit: boolean;
  readonly state: ViewLeaseState;
}

/** A step that is being computed. */
export interface ViewStep {
  /** The version that it leads to. */
  readonly step: number;
  readonly leaves: number;
  /** Of each leaf whether its value has come. */
  readonly covered: readonly boolean[];
  /** The oldest first. */
  readonly leases: readonly ViewLease[];
}

/** A step that closed: leaves that were used, by worker. */
export interface ViewClosed {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly by: readonly (readonly [worker: string, leaves: number])[];
}

/** Where the time of the last steps went. */
export interface ViewPhases {
  /** What holds the run back, and what would help. */
  readonly sentence: string;
  /** Those that took time, in their order: the name of a phase, what it is called, and its share of 0 to 1. */
  readonly shares: readonly (readonly [name: string, said: string, share: number])[];
}

/** How things are. */
export interface ViewNow {
  /** Seconds since 1970. */
  readonly time: number;
  readonly state: string;
  readonly pausing: boolean;
  /** Closed steps, and the run's last. */
  readonly step: number;
  readonly steps: number;
  readonly imagesPerSecond: number;
  readonly etaSeconds: number | null;
  /** At most as many as there is room for. */
  readonly workers: readonly ViewWorker[];
  /** Those that there was no room for. */
  readonly more: number;
  /** Null while no step has closed. */
  readonly phases: ViewPhases | null;
  readonly open: ViewStep | null;
  /** Since the last time; in a snapshot those that are remembered. */
  readonly closed: readonly ViewClosed[];
  /** Lines of `metrics.jsonl` since the last time. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** Points of a curve: steps, and a value for each. */
export type ViewCurve = readonly [steps: readonly number[], values: readonly number[]];

/** A file of the run's folder that may be had. */
export interface ViewFile {
  readonly name: string;
  /** Below `/view/`. */
  readonly href: string;
  readonly bytes: number;
}

/** Whom a snapshot is told. */
export interface ViewYou {
  /** Of its line in the token file; null for whoever showed no token of one. */
  readonly name: string | null;
  /** Whether the run is steered from its page at all (`--steer`), and by this one. */
  readonly steering: 'off' | 'others' | 'yours';
}

/** What `POST /view/pause`, `resume`, `stop` and `drain` answer, of which the page uses this. */
export interface ViewActed {
  readonly changed: boolean;
  readonly state: string;
  readonly pausing: boolean;
  /** That closes next. */
  readonly step: number;
}

export interface ViewSnapshot {
  readonly you: ViewYou;
  /** Of the program: a page of another version is loaded anew. */
  readonly version: string;
  readonly run: {
    readonly id: string;
    readonly folder: string;
    readonly preset: string;
    /** What the command was told, and what decides the bits. */
    readonly config: Readonly<Record<string, unknown>>;
    /** Images of a leaf. */
    readonly microBatch: number;
    readonly minWorkers: number;
  };
  /** Number of the newest event: what follows is in the stream behind it. */
  readonly seq: number;
  readonly now: ViewNow;
  /** The newest that a log shows, the oldest first: no closed steps, nor what passes with them. */
  readonly events: readonly ViewEvent[];
  readonly curves: Readonly<Record<string, ViewCurve>>;
  /** Steps of the sample grids there are. */
  readonly grids: readonly number[];
  readonly files: readonly ViewFile[];
}

/** First message of a stream of events. */
export interface ViewOpened {
  /** Number of the newest event. */
  readonly seq: number;
  /** Some events between what was asked for and the next are only in the run's folder: the page asks for a snapshot. */
  readonly gap: boolean;
}
