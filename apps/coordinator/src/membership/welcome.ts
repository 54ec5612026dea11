/** What a worker is told first: who it is and what the run is. */
import { labelOf } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import type { RunTerms } from './run-terms.ts';
import { SILENCE_SECONDS } from './overdue.ts';
import type { Peer } from './peer.ts';

export function welcomeOf({ name, secret }: Peer, terms: RunTerms): MessageOf<'welcome'> {
  return {
    type: 'welcome',
    incarnation: terms.incarnation,
    run: labelOf(terms.run),
    worker: name,
    session: secret,
    preset: terms.preset,
    seed: terms.seed,
    microBatchSize: terms.microBatchSize,
    microBatches: terms.microBatches,
    codec: terms.codec,
    silenceSeconds: SILENCE_SECONDS,
  };
}
