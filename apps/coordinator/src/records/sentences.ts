/** What a user reads of events that are more than one fact. */
import type { RunEvent } from '../events.ts';

type Event<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

export function evaluatedSentence({ step, frechet, precision, recall }: Event<'evaluated'>): string {
  const shown = `Fréchet distance ${frechet.toFixed(1)}, precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}`;
  return `samples after step ${step}: ${shown}`;
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
