/** Where the time of steps goes, as records have it; what each phase is stands in ARCHITECTURE.md. */

/** They follow each other without overlap: together they are the time of the steps. */
export const PHASES = [
  'compute',
  'network',
  'straggler',
  'adding',
  'reduce',
  'broadcast',
  'optimizer',
  'other',
  'idle',
] as const;
export type PhaseName = (typeof PHASES)[number];

export type PhaseSeconds = Readonly<Record<PhaseName, number>>;

/** Nothing of any phase, in whatever unit. */
export const NO_TIME: Readonly<Record<PhaseName, number>> = {
  compute: 0,
  network: 0,
  straggler: 0,
  adding: 0,
  reduce: 0,
  broadcast: 0,
  optimizer: 0,
  other: 0,
  idle: 0,
};

/** How a worker spent the steps that it was there for, in seconds. */
export interface WorkerSeconds {
  readonly compute: number;
  /** The rest of its leases, until they were answered. */
  readonly network: number;
  /** Leased to it, and nothing came of it before the step closed. */
  readonly overdue: number;
  /** Nothing was leased to it. */
  readonly waiting: number;
}

export interface WorkerPhases extends WorkerSeconds {
  readonly worker: string;
  /** Leaves of it that were used. */
  readonly leaves: number;
}

/** One start of a run, in seconds. */
export interface RunPhases {
  /** Steps that closed. */
  readonly steps: number;
  /** Their time, pauses left out: the sum of the phases. */
  readonly seconds: number;
  readonly total: PhaseSeconds;
  /** The busiest first, and not more than a summary has room for. */
  readonly workers: readonly WorkerPhases[];
  /** All others together. */
  readonly rest: (WorkerSeconds & { readonly workers: number; readonly leaves: number }) | null;
}
