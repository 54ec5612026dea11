/** What a run is made of, as the parts of this room hand it to each other. */
import type { Access, ChildMessage, CoordinatorConfig, Summary } from '@gradcast/config';
import type { Dataset, MicroBatches } from '@gradcast/dataset';
import type { RunDefinition } from '@gradcast/definition';
import type { TrainingState } from '@gradcast/optimizer';
import type { GradientCodec } from '@gradcast/reduction';
import type { VectorKernels } from '@gradcast/vector';
import type { Logger } from 'pino';
import type { CoordinatorError } from '../failure.ts';
import type { Fleet } from './fleet.ts';
import type { ControlListener } from '../network/control-listener.ts';
import type { Listeners } from '../network/listeners.ts';
import type { LedgerRecorder } from '../records/ledger-recorder.ts';
import type { Evaluations } from '../records/evaluations.ts';
import type { Outputs } from '../records/outputs.ts';
import type { ClosedRecord } from '../records/records.ts';
import type { Saving } from '../records/saving.ts';
import type { StepAccounts } from '../records/step-accounts.ts';
import type { Telemetry } from '../records/telemetry.ts';
import type { PageFiles } from '../network/page-files.ts';
import type { ViewFile } from '../viewing/view-files.ts';
import type { JoinFile } from '../volunteers/join-files.ts';
import type { RunControl } from './control.ts';
import type { Defects } from './defects.ts';
import type { EarlyStop } from './early-stop.ts';
import type { Beginning } from './resume.ts';

export interface RunOptions {
  readonly config: CoordinatorConfig;
  readonly access: Access;
  /** Path of a Unix socket for workers of the same command, or null. */
  readonly localSocket: string | null;
  readonly logger: Logger;
  readonly tell: (message: ChildMessage) => void;
  /** Whether events of the run are told as well. */
  readonly tellsEvents: boolean;
  /** The state of the run, and whoever may change it. */
  readonly control: RunControl;
  /** Aborts when the command that started this process has no worker left. */
  readonly localWorkersEnded: AbortSignal;
  /** Where failures are told that no peer is to blame for. */
  readonly defects: Defects;
  /** Ends this process at once: another one has taken the run over, and nothing may be written any more. */
  readonly yieldRun: (error: CoordinatorError) => void;
}

/** How a run ended; the process's exit code follows from it. */
export interface RunResult {
  readonly summary: Summary;
}

/** What a run is, once everything about it was checked. */
export interface Prepared {
  readonly dataset: Dataset;
  readonly totalSteps: number;
  readonly definition: RunDefinition;
  readonly stored: Readonly<Record<string, unknown>>;
  readonly state: TrainingState;
  readonly kernels: VectorKernels;
  readonly codec: GradientCodec;
  readonly beginning: Beginning;
  readonly listeners: Listeners;
  /** Files of the join page, with `--join`. */
  readonly joinFiles: PageFiles<JoinFile> | undefined;
  /** Files of the page on which people watch, where it is served. */
  readonly viewFiles: PageFiles<ViewFile> | undefined;
  /** Where commands for this run come in; not open yet. */
  readonly operator: ControlListener;
}

/** What other programs see of a run, where its user asks for it. */
export interface Observers {
  /** The state has taken its step with this average, which is good until this returns. */
  readonly averaged: (average: Float32Array) => void;
  /** A step was applied or skipped. */
  readonly closed: (record: ClosedRecord) => void;
  /** Writes and sends what is left, within a bounded time. */
  readonly close: () => Promise<void>;
}

export interface Services {
  readonly cutter: MicroBatches;
  readonly fleet: Fleet;
  readonly saving: Saving;
  readonly recorder: LedgerRecorder;
  readonly telemetry: Telemetry;
  /** Where the time of steps goes. */
  readonly accounts: StepAccounts;
  readonly outputs: Outputs;
  readonly evaluations: Evaluations;
  readonly observers: Observers;
  /** With `--early-stop`. */
  readonly earlyStop: EarlyStop | undefined;
  /** Makes version 0 safe and tells where the run can be reached. @throws CoordinatorError `checkpoint-write`. */
  announce(): Promise<void>;
  close(): Promise<void>;
}

/** A run with everything that takes part in it. */
export interface RunContext {
  readonly options: RunOptions;
  readonly prepared: Prepared;
  readonly services: Services;
}
