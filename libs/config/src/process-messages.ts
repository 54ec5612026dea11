/**
 * Messages between the `gradcast` command and the processes it starts, over Node's IPC pipe.
 *
 * Tokens travel here and nowhere else: never in argv, never in a file the run writes. A child whose pipe closes
 * has lost its parent and ends by itself.
 */
import type { RunDefinition } from '@gradcast/definition';
import type { AccessRole } from './credential-role.ts';
import type { CoordinatorConfig, WorkerConfig } from './run-config.ts';
import type { NumberedEvent, Quality, Scores, StoppedEarly } from './run-events.ts';
import type { RunPhases } from './step-phases.ts';

/** A credential with its secret. */
export interface CredentialSecret {
  /** Null for the one secret that all workers share. */
  readonly name: string | null;
  readonly role: AccessRole;
  readonly secret: string;
}

/** Who may join a run. */
export interface Access {
  /** Credentials that are accepted, none if empty; null admits anybody who reaches the port. */
  readonly credentials: readonly CredentialSecret[] | null;
  /** Secret of this command's own workers, made anew for each start. */
  readonly local: string;
}

/** Bytes of a Unix socket's path that every system takes, its closing zero included: 104 on macOS, 108 on Linux. */
export const SOCKET_PATH_BYTES = 104;

/** Parent to child; the first message is `coordinate` or `work`. */
export type ParentMessage =
  | {
      readonly type: 'coordinate';
      readonly config: CoordinatorConfig;
      readonly access: Access;
      /** Path of a Unix socket to listen on as well, in a folder of its own, for workers of this command. */
      readonly localSocket: string | null;
      /** Whether each event is told to the parent. */
      readonly tellsEvents?: boolean;
    }
  /** Coordinator: what an operator wants. */
  | { readonly type: 'operate'; readonly operation: 'pause' | 'resume' }
  /** Coordinator: no worker of the command runs any more, and none will be started. */
  | { readonly type: 'local-workers-ended' }
  | { readonly type: 'work'; readonly config: WorkerConfig; readonly token: string | null }
  /** Stop cleanly: checkpoint and exit with `128 + signal`. A second one ends at once. */
  | { readonly type: 'stop'; readonly signal: 'SIGINT' | 'SIGTERM' };

/** One line of progress; the shape of a metrics.jsonl record, plus what a progress line needs. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  readonly epochs: number;
  /** Means over the step, as the task names them. */
  readonly scalars: readonly {
    readonly name: string;
    readonly value: number;
    /** Whether the progress line has it. */
    readonly isProgress: boolean;
  }[];
  readonly images_per_second: number;
  /** Those that work, volunteers left out. */
  readonly workers: number;
  readonly volunteers: number;
  readonly etaSeconds: number;
}

/** What summary.json holds. */
export interface Summary extends RunDefinition {
  readonly status: 'completed' | 'stopped' | 'diverged' | 'abandoned' | 'failed';
  readonly runId: string;
  readonly runFolder: string;
  readonly steps: number;
  readonly targetSteps: number;
  readonly images: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly parametersSha256: string;
  readonly stateSha256: string;
  /** B, samples of a step. */
  readonly globalBatch: number;
  readonly workers: number;
  readonly backend: string;
  /** What the coordinator ran on. */
  readonly software: { readonly gradcast: string; readonly node: string };
  readonly exact: boolean;
  /** Path of the newest sample grid, or null. */
  readonly samples: string | null;
  /** The newest scores of a task that has such, or null. */
  readonly scores: Scores | null;
  /** The newest scores of its samples by a judge, or null. */
  readonly quality: Quality | null;
  /** Why it ended before its last step, if `--early-stop` ended it; else null. */
  readonly stoppedEarly: StoppedEarly | null;
  /** Where the time of this start's steps went; null if none closed. Earlier versions say nothing. */
  readonly phases?: RunPhases | null;
}

/** Child to parent. */
export type ChildMessage =
  /** Coordinator: workers may connect now. */
  | {
      readonly type: 'listening';
      readonly url: string;
      /** The same for workers of the command that started this process. */
      readonly localUrl: string;
      readonly metricsUrl: string;
      /** The page on which people watch the run, where it is served; and whether it asks for a viewer's token. */
      readonly pageUrl?: string;
      readonly pageNeedsToken?: boolean;
      /** Where the run is steered: with a secret of its own in its fragment, or, for operators with tokens, as `pageUrl`; nothing where it is not. */
      readonly steerUrl?: string;
      /** Link by which browser tabs join, with the code in its fragment, where they may; and until when, in milliseconds since 1970. */
      readonly joinUrl?: string;
      readonly joinExpires?: number;
      /** SHA-256 of the certificate, where that is of our own making and no browser trusts it. */
      readonly tlsFingerprint?: string;
      readonly runFolder: string;
      readonly resumedFromStep: number | null;
      readonly totalSteps: number;
    }
  | ({ readonly type: 'progress' } & Progress)
  /** Coordinator: what happened, where the parent asked for it. */
  | { readonly type: 'event'; readonly event: NumberedEvent }
  /**
   * A sentence a user should see whatever the log level (waiting for workers, a worker joined or left, …). `ofRun`: it is the
   * run's own news that a worker passes on, which the run's coordinator tells its command as well.
   */
  | { readonly type: 'notice'; readonly sentence: string; readonly ofRun?: boolean }
  /** Coordinator: no further step is opened, so nobody need be started again. */
  | { readonly type: 'ending' }
  /** Worker: which backend it took and why, said once before it connects. */
  | { readonly type: 'backend'; readonly backend: string; readonly device: string; readonly sentence: string }
  | { readonly type: 'finished'; readonly summary: Summary; readonly exitCode: number }
  /** The child is about to exit with `exitCode` because of this; one clear sentence and a stable code. */
  | { readonly type: 'failed'; readonly code: string; readonly sentence: string; readonly exitCode: number };
