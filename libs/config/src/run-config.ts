/**
 * A run's configuration after defaults, file, environment and flags were merged and every problem was reported.
 *
 * What decides the bits of the result is the run's definition (`@gradcast/definition`); everything else may change on resume.
 */

import type { ChosenDefinition } from '@gradcast/definition';

export const BACKEND_CHOICES = ['auto', 'cuda', 'webgpu', 'tensorflow', 'wasm'] as const;
export type BackendChoice = (typeof BACKEND_CHOICES)[number];

/** Whether a worker times how its GPU computes best: what it has not timed yet, all of it anew, or nothing. */
export const TUNE_MODES = ['once', 'again', 'never'] as const;
export type TuneMode = (typeof TUNE_MODES)[number];

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How long a run is: never both. */
export type RunLength = { readonly steps: number } | { readonly epochs: number };

/** How browser tabs join. */
export interface JoinConfig {
  /** How long a join code is good for. */
  readonly hours: number;
  /** Where a reverse proxy has the page, without `/join` at its end; null for the coordinator's own port. */
  readonly url: string | null;
}

/** How the coordinator's port speaks TLS. */
export type TlsConfig =
  /** Absolute paths of a certificate and its key, both PEM. */
  | { readonly kind: 'files'; readonly cert: string; readonly key: string }
  /** With a certificate of its own, kept in the cache folder. */
  | { readonly kind: 'self-signed' };

/** What the coordinator process is told. */
export interface CoordinatorConfig extends ChosenDefinition {
  readonly length: RunLength;
  /** Images between which the learning rate decays, where somebody says so: else the run's length does. */
  readonly decayFromImages: number | null;
  readonly decayToImages: number | null;
  /** Folder with idx files, or null for MNIST. */
  readonly data: string | null;
  /** Absolute path of the user's task file, or null for a built-in task. */
  readonly taskFile: string | null;
  readonly out: string;
  /** `auto`: newest run under `out` with the same definition; a path: that run or checkpoint; null: fresh. */
  readonly resume: string | null;
  /** Whether a resumed run goes on where a step done again differs from its first time. */
  readonly acceptRedoMismatch: boolean;
  /** Steps between checkpoints; 0 leaves it to `saveSeconds`. */
  readonly saveEvery: number;
  /** Seconds between checkpoints; 0 leaves it to `saveEvery`. */
  readonly saveSeconds: number;
  /** Checkpoints kept; 0 keeps all. */
  readonly keepLast: number;
  /** Steps between sample grids; 0 draws only the last, null none. */
  readonly sampleEvery: number | null;
  /** Steps between evaluations of samples by a judge, and one at the end; 0 for none. */
  readonly evaluateEvery: number;
  /** Samples of each evaluation. */
  readonly evaluateCount: number;
  /** Steps between progress lines and metrics.jsonl records. */
  readonly logInterval: number;
  /** Whether event files for TensorBoard are written into the run's folder. */
  readonly tensorboard: boolean;
  /** Where the spans of steps are sent, or null; holds no credentials. */
  readonly otlp: string | null;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Null speaks plain HTTP and WebSocket. */
  readonly tls: TlsConfig | null;
  /** Reverse proxies whose word on who is behind them is believed: addresses, or networks such as `10.0.0.0/8`. */
  readonly trustedProxies: readonly string[];
  readonly metricsHost: string;
  /** 0 takes a free port. */
  readonly metricsPort: number;
  /** Names under which metrics may be asked for, besides addresses and private names. */
  readonly metricsNames: readonly string[];
  /** Port on loopback for health checks alone; null opens none. */
  readonly healthPort: number | null;
  /** Port at which workers of other machines serve metrics to Prometheus; 0 lists none of them. */
  readonly workerMetricsPort: number;
  /** Seconds without any worker after which the run checkpoints and exits 75; 0 waits for ever. */
  readonly waitWorkersSeconds: number;
  /** Fewer workers than this get no work: the run pauses and says so. */
  readonly minWorkers: number;
  /** More workers than this are turned away. */
  readonly maxWorkers: number;
  /** More volunteers than this are turned away. */
  readonly maxVolunteers: number;
  /** Most of a step's leaves that volunteers hold at any time, as a share, 0 to 1. */
  readonly volunteerShare: number;
  /** Share of a proven volunteer's leaves that is computed again, 0 to 1. */
  readonly auditVolunteers: number;
  /** How browser tabs may join by a link; null lets none in. */
  readonly join: JoinConfig | null;
  /** Whether people may watch the run on a page of the coordinator's port, where it may be served. */
  readonly page: boolean;
  /** Whether operators may pause, resume, stop and drain on it. */
  readonly steer: boolean;
  /** Whether every worker must compute the same bits. */
  readonly exact: boolean;
  /** Share of results that are computed twice, by different workers, and compared; 0 to 1. */
  readonly auditRate: number;
  readonly onDivergence: 'stop' | 'skip';
  /** How the coordinator's own workers, which check others, are tuned. */
  readonly tune: TuneMode;
  /** Backend for sample grids, drawn in a thread of the coordinator. */
  readonly backend: BackendChoice;
  readonly logLevel: LogLevel;
}

/** What a worker process is told. */
export interface WorkerConfig {
  /** `ws://host:port` or `wss://host:port`. */
  readonly coordinator: string;
  /** Absolute path of the user's task file, or null for built-in tasks alone. */
  readonly taskFile: string | null;
  readonly backend: BackendChoice;
  /** Intra-op threads; inter-op threads stay at one. */
  readonly threads: number;
  readonly tune: TuneMode;
  /** Name shown in logs and metrics; the coordinator adds a suffix when it is taken. */
  readonly name: string;
  /** Index among the workers of this host: worker i uses GPU i mod G. */
  readonly localIndex: number;
  /** Seconds of retries after a lost connection; 0 tries once. */
  readonly reconnectSeconds: number;
  /** Seconds that a worker which is told to stop may take to finish what it was asked for. */
  readonly graceSeconds: number;
  readonly metricsHost: string;
  /** 0 takes a free port. */
  readonly metricsPort: number;
  /** Names under which metrics may be asked for, besides addresses and private names. */
  readonly metricsNames: readonly string[];
  /** Port on loopback for health checks alone; null opens none. */
  readonly healthPort: number | null;
  readonly logLevel: LogLevel;
}
