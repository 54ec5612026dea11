/**
 * Volunteers: workers whose word counts nowhere. They compute leaves, and that is all: no quorum counts them, nothing waits
 * for them, and they decide nothing about anybody's result.
 */
import type { Credential } from '../network/credentials.ts';

/** Anything that came with a credential. */
interface Holder {
  readonly credential: Pick<Credential, 'role'>;
}

export function isVolunteer({ credential }: Holder): boolean {
  return credential.role === 'volunteer';
}

/** How many count: for a quorum, or as others who can be asked. */
export function withoutVolunteers(members: readonly Holder[]): number {
  let count = 0;
  for (const member of members) if (!isVolunteer(member)) count += 1;
  return count;
}
