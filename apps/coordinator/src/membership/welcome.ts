/** What a worker is told first: who it is and what the run is. */
import { labelOf } from '@gradcast/protocol';
import type { MessageOf } from '@gradcast/protocol';
import type { RunTerms } from './run-terms.ts';
import { SILENCE_SECONDS } from './overdue.ts';
import type { Peer } from './peer.ts';

export function welcomeOf({ name, secret }: Peer, terms: RunTerms): MessageOf<'welcome'> {
  return {
    type: 'welcome',
    ...terms,
    run: labelOf(terms.run),
    worker: name,
    session: secret,
    silenceSeconds: SILENCE_SECONDS,
  };
}
