/** How many leaves of a step came from whom, and what became of them. */
import type { CredentialRole } from '@gradcast/config';
import type { SubtreeRecord, Verdict } from '../events.ts';

export interface RoleLeaves {
  readonly role: CredentialRole;
  readonly outcome: Verdict;
  readonly leaves: number;
}

/** One entry for each role and outcome that occurs: a step of a thousand results has few. */
export function leavesByRole(history: readonly SubtreeRecord[]): RoleLeaves[] {
  const counts = new Map<string, { role: CredentialRole; outcome: Verdict; leaves: number }>();
  for (const { role, outcome, size } of history) {
    const key = `${role} ${outcome}`;
    const count = counts.get(key);
    if (count) count.leaves += size;
    else counts.set(key, { role, outcome, leaves: size });
  }
  return [...counts.values()];
}
