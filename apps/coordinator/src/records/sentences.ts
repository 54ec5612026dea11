/** What a user reads of events that are more than one fact. */
import { operationSentence, pausedSentence } from '@gradcast/config';
import type { RunEvent } from '../events.ts';

type Event<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

export function evaluatedSentence({ step, frechet, precision, recall }: Event<'evaluated'>): string {
  const shown = `Fréchet distance ${frechet.toFixed(1)}, precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}`;
  return `samples after step ${step}: ${shown}`;
}

/** Nothing, where no operator and no pause is behind a change. */
export function stateSentence({ to, pausing, cause }: Event<'state'>): string | undefined {
  const by = cause.kind === 'operator' ? cause.by : undefined;
  if (to === 'paused') return pausedSentence(by);
  return cause.kind === 'operator' ? operationSentence({ ...cause, pausing }) : undefined;
}
