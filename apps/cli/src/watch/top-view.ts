/** What `gradcast top` shows, whatever it was learned from; null stands for what is not known. */

export interface TopWorker {
  readonly name: string;
  readonly role: string | null;
  readonly backend: string | null;
  readonly device: string | null;
  /** As the coordinator calls it. */
  readonly state: string | null;
  /** Of the work of late, 0 to 1. */
  readonly share: number | null;
  readonly imagesPerSecond: number | null;
}

export interface TopCurve {
  readonly name: string;
  readonly values: readonly number[];
}

export interface TopView {
  /** The run's folder or the coordinator's address. */
  readonly title: string;
  readonly state: string;
  /** Closed steps. */
  readonly step: number | null;
  readonly steps: number | null;
  readonly imagesPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly curves: readonly TopCurve[];
  readonly workers: readonly TopWorker[];
  /** A sentence about what the table of workers is, where that is not plain. */
  readonly aboutWorkers: string | null;
  readonly score: string | null;
  readonly phases: TopPhases | null;
  /** Milliseconds since 1970 of the newest that is shown. */
  readonly asOf: number | null;
  /** Why what is shown is not how things are now; null if it is. */
  readonly stale: string | null;
  /** The run goes on no more. */
  readonly isOver: boolean;
  /** Path of the newest sample grid. */
  readonly grid: string | null;
}

/** Where time of late went, and what that means. */
export interface TopPhases {
  readonly sentence: string;
  /** Phases that took time, in their order, and their shares of 0 to 1. */
  readonly shares: readonly { readonly name: string; readonly share: number }[];
}

/** Where views come from. */
export interface TopSource {
  look(): Promise<TopView>;
}
