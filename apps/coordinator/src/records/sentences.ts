/** What a user reads of events that are more than one fact. */
import { showRate } from '@gradcast/protocol';
import type { RunEvent } from '../events.ts';

type Event<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

export function parkedSentence({ worker, bytesPerSecond, neededBytesPerSecond }: Event<'parked'>): string {
  const [takes, needs] = [bytesPerSecond, neededBytesPerSecond].map(showRate);
  return `worker ${worker} is parked: it takes ${takes} and needs ${needs} to keep up with the others`;
}

/** @param leaves that were used of it unchecked. */
export function distrustedSentence({ worker, step }: Event<'distrusted'>, leaves: number): string {
  const many = leaves === 1 ? '1 leaf of it is' : `${leaves} leaves of it are`;
  const before = `since it was right last ${many} in the model, unchecked`;
  const used = leaves === 0 ? 'nothing of it was used unchecked' : `${before}; the ledger names them`;
  return `the volunteer ${worker} sent a wrong result for step ${step}; ${used}`;
}

export function evaluatedSentence({ step, frechet, precision, recall }: Event<'evaluated'>): string {
  const shown = `Fréchet distance ${frechet.toFixed(1)}, precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}`;
  return `samples after step ${step}: ${shown}`;
}

export function troubleSentence({ trouble, step, began, sentence, advice }: Event<'trouble'>): string {
  return began ? `step ${step}: ${sentence}; ${advice} (${trouble})` : `step ${step}: ${trouble} is over`;
}

/** Nothing, where no operator and no pause is behind a change. */
export function stateSentence({ to, pausing, cause }: Event<'state'>): string | undefined {
  if (to === 'paused') return 'the run is paused; gradcast resume goes on with it';
  if (cause.kind !== 'operator') return undefined;
  switch (cause.operation) {
    case 'pause':
      return pausing ? 'the run pauses when its open step closes' : undefined;
    case 'resume':
      return 'the run goes on';
    case 'stop':
      return 'the operator stops the run; stopping with a checkpoint';
    default:
      return cause.operation satisfies never;
  }
}
