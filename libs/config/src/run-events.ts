/**
 * What happens in a run, as values: one typed stream of events, from which log, terminal, IPC, Prometheus, `events.jsonl`,
 * programs that started the run and whoever listens on the control socket read. Nothing here decides anything.
 */

import type { CredentialRole } from './credential-role.ts';

/** States of a run, in the order in which it goes through them; the last five are final. */
export const RUN_STATES = [
  'setting-up',
  'waiting-for-workers',
  'running',
  'paused',
  'draining',
  'stopping',
  'completed',
  'diverged',
  'abandoned',
  'stopped',
  'failed',
] as const;
export type RunStateName = (typeof RUN_STATES)[number];

/** How good the model in training is at samples that no step has seen, or at the data set's only ones. */
export interface Scores {
  readonly split: 'train' | 'test';
  /** Samples that were looked at. */
  readonly samples: number;
  /** Share that was right, 0 to 1. */
  readonly accuracy: number;
}

/** Scores of generated samples by a judge; docs/quality.md has what they mean. */
export interface Quality {
  /** The step that the samples were drawn after. */
  readonly step: number;
  readonly judge: string;
  readonly samples: number;
  readonly frechet: number;
  readonly kernelDistance: number;
  readonly precision: number;
  readonly recall: number;
  readonly density: number;
  readonly coverage: number;
  readonly entropy: number;
  readonly confidence: number;
  readonly nearestRatio: number;
  /** Share of each class that the judge reads. */
  readonly shares: readonly number[];
  /** Of scalars that tell real samples apart: their means over training images and over test images. */
  readonly heldOut: Readonly<Record<string, HeldOut>>;
}

/** What a judge reads in the samples of a grid; docs/quality.md has what becomes of it. */
export interface ReadClasses {
  /** Share of each class. */
  readonly shares: readonly number[];
  /** Of the shares, in nats. */
  readonly entropy: number;
  /** Mean of each sample's largest probability, 0 to 1. */
  readonly confidence: number;
  /** The fewest classes that hold 95 % of the samples. */
  readonly holding: number;
}

/** A scalar of samples that were trained on, and of others. */
export interface HeldOut {
  readonly training: number;
  readonly test: number;
}

/** What a run that ended early waited for. */
export interface StoppedEarly {
  /** As metrics.jsonl names it. */
  readonly metric: string;
  /** The best score and its step; null and 0 if there was none. */
  readonly best: number | null;
  readonly bestStep: number;
  /** Evaluations since then. */
  readonly waited: number;
}

/**
 * Who did something to a run, where that is no operator of the token file, whom its name stands for: no name there has a space.
 */
export const DOERS = {
  /** A command on this machine, or who speaks as one. */
  control: 'the control socket',
  /** The program that started the run. */
  program: 'the program that started it',
  /** Whoever has the address with the run's own secret. */
  link: "the page's link",
} as const;

/** Why the state of a run changes. `by`: a name of the token file, or one of {@link DOERS}. */
export type Cause =
  /** Version 0 is safe and workers may come. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'quorum-reached' }
  | { readonly kind: 'quorum-lost' }
  | { readonly kind: 'step-closed' }
  | { readonly kind: 'operator'; readonly operation: 'pause' | 'resume' | 'stop'; readonly by: string }
  | { readonly kind: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM' }
  /** Too few workers for `--wait-workers`. */
  | { readonly kind: 'no-workers'; readonly seconds: number }
  /** Every local worker has ended, and nobody else can come. */
  | { readonly kind: 'alone' }
  | { readonly kind: 'defect'; readonly sentence: string }
  /** The last checkpoint could not be written. */
  | { readonly kind: 'disk' }
  | { readonly kind: 'diverged'; readonly sentence: string }
  /** The last step has closed. */
  | { readonly kind: 'end' }
  /** A score of the samples has not become better for as long as it may (`--early-stop`). */
  | ({ readonly kind: 'early-stop' } & StoppedEarly)
  /** The last checkpoint is written and workers are gone. */
  | { readonly kind: 'over' };

/** What a user may want to read of a run afterwards, or see while it runs. */
export type RunEvent =
  | {
      readonly type: 'state';
      readonly from: RunStateName;
      /** The same where only `pausing` changed, or what the run ends for. */
      readonly to: RunStateName;
      /** A pause was asked for and takes effect when the open step closes. */
      readonly pausing: boolean;
      readonly cause: Cause;
    }
  | ({ readonly type: 'joined' } & JoinedWorker)
  | ({ readonly type: 'left'; readonly worker: string } & Departure)
  /** `leftOut`: so many refusals before it were not told one by one. */
  | {
      readonly type: 'refused';
      readonly worker: string;
      readonly code: string;
      readonly sentence: string;
      readonly leftOut: number;
    }
  /** A worker was asked to finish what it has and go. */
  | { readonly type: 'drain-asked'; readonly worker: string; readonly by: string }
  | { readonly type: 'quarantined'; readonly worker: string; readonly reason: string; readonly termMs: number }
  | {
      readonly type: 'parked';
      readonly worker: string;
      readonly bytesPerSecond: number;
      readonly neededBytesPerSecond: number;
    }
  /** Others may be asked for leaves of a worker: it let a deadline pass, or others have nothing to do. */
  | {
      readonly type: 'leased-again';
      readonly worker: string;
      readonly step: number;
      readonly first: number;
      readonly count: number;
      readonly why: 'expired' | 'shared';
    }
  | { readonly type: 'audited'; readonly ending: AuditEnding; readonly worker: string }
  /** A volunteer was found wrong, and is not wanted again. */
  | ({ readonly type: 'distrusted' } & Distrusted)
  | { readonly type: 'step-closed'; readonly step: number; readonly skipped: boolean; readonly seconds: number }
  | { readonly type: 'saved'; readonly step: number; readonly seconds: number }
  /** A grid of samples was drawn. `spread`: how much they differ, 0 to 0.5. `classes`: null where no judge read them. */
  | {
      readonly type: 'sampled';
      readonly step: number;
      readonly spread: number;
      readonly classes: ReadClasses | null;
    }
  | ({ readonly type: 'scored'; readonly step: number } & Scores)
  /** Samples were scored by a judge. */
  | ({ readonly type: 'evaluated' } & Quality)
  /** Training is in trouble, as its task names it, or no more. */
  | {
      readonly type: 'trouble';
      readonly trouble: string;
      readonly step: number;
      readonly began: boolean;
      /** What is wrong, and what to try. */
      readonly sentence: string;
      readonly advice: string;
    };

/** An event with its place in the stream. */
export type NumberedEvent = RunEvent & {
  /** One more than the event before it, over all starts of a run. */
  readonly seq: number;
  /** Seconds since 1970. */
  readonly time: number;
};

/** How an audit ended: two agreed, or the arbiter found the same, or found otherwise. */
export type AuditEnding = 'agreed' | 'confirmed' | 'settled';

/** Leaves of a step, by first leaf and number. */
export interface StepLeaves {
  readonly step: number;
  readonly start: number;
  readonly size: number;
}

/** A wrong result of a volunteer, which was not used, and what may be wrong besides. */
export interface Distrusted extends StepLeaves {
  readonly worker: string;
  /** Its session: other volunteers may have had the same name. */
  readonly session: string;
  /** Its results that were used unchecked since the last that was found right, the oldest first; a bounded number. */
  readonly uses: readonly StepLeaves[];
}

export interface JoinedWorker {
  readonly name: string;
  readonly role: CredentialRole;
  readonly backend: string;
  readonly device: string;
  /** Names and probe together: equal for workers that compute the same bits. */
  readonly profile: string;
}

/**
 * Why a worker is gone: its connection was lost, it said that it leaves, an operator drained it, or the run is over and it was
 * sent home.
 */
export interface Departure {
  readonly why: 'lost' | 'left' | 'drained' | 'dismissed';
  readonly reason: string;
}
