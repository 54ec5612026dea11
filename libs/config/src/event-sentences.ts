/** What the coordinator's terminal and `gradcast events` say of the same events; steps and words come as they can be shown. */
import { showRate } from '@gradcast/protocol';

type Shown = string | number;

export function parkedSentence(worker: string, bytesPerSecond: number, neededBytesPerSecond: number): string {
  const [takes, needs] = [bytesPerSecond, neededBytesPerSecond].map(showRate);
  return `worker ${worker} is parked: it takes ${takes} and needs ${needs} to keep up with the others`;
}

/** @param leaves that were used of the volunteer unchecked. */
export function distrustedSentence(worker: string, step: Shown, leaves: number): string {
  const many = leaves === 1 ? '1 leaf of it is' : `${leaves} leaves of it are`;
  const before = `since it was right last ${many} in the model, unchecked`;
  const used = leaves === 0 ? 'nothing of it was used unchecked' : `${before}; the ledger names them`;
  return `the volunteer ${worker} sent a wrong result for step ${step}; ${used}`;
}

export interface ShownTrouble {
  readonly trouble: string;
  readonly step: Shown;
  readonly began: boolean;
  readonly sentence: string;
  readonly advice: string;
}

export function troubleSentence({ trouble, step, began, sentence, advice }: ShownTrouble): string {
  return began ? `step ${step}: ${sentence}; ${advice} (${trouble})` : `step ${step}: ${trouble} is over`;
}

/** What an operator did, as far as it is told before it shows; nothing for a pause that takes effect at once. */
export interface ShownOperation {
  readonly operation: 'pause' | 'resume' | 'stop';
  readonly pausing: boolean;
  /** Undefined in events from before it was told. */
  readonly by: string | undefined;
}

export function operationSentence({ operation, pausing, by }: ShownOperation): string | undefined {
  switch (operation) {
    case 'pause':
      return pausing ? `the run pauses when its open step closes${asked(by)}` : undefined;
    case 'resume':
      return `the run goes on${asked(by)}`;
    case 'stop':
      return `the operator stops the run; stopping with a checkpoint${asked(by)}`;
    default:
      return operation satisfies never;
  }
}

/** @param by who paused it, where that was at once. */
export function pausedSentence(by?: string): string {
  return `the run is paused; gradcast resume goes on with it${asked(by)}`;
}

export function drainSentence(worker: string, by: string): string {
  return `worker ${worker} is drained: it finishes what it has and goes${asked(by)}`;
}

function asked(by: string | undefined): string {
  return by === undefined ? '' : ` (by ${by})`;
}
