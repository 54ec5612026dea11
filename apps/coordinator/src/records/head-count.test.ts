import { expect, it } from 'vitest';
import { HeadCount } from './head-count.ts';
import { leavesByRole } from './leaves-by-role.ts';

it('counts volunteers apart, and as active who has its replica and is there', () => {
  const count = new HeadCount([
    { role: 'trusted', state: 'leased' },
    { role: 'worker', state: 'joining' },
    { role: 'worker', state: 'quarantined' },
    { role: 'volunteer', state: 'idle' },
    { role: 'volunteer', state: 'parked' },
  ]);
  expect(count.active).toEqual({ workers: 2, volunteers: 1 });
  expect([count.workers.get('joining'), count.volunteers.get('parked'), count.workers.get('idle')]).toEqual([
    1,
    1,
    undefined,
  ]);
});

it('adds up the leaves of a step by role and outcome', () => {
  const one = { start: 0, worker: 'w', ms: 1 };
  const history = [
    { ...one, size: 2, role: 'volunteer', outcome: 'held' },
    { ...one, size: 4, role: 'volunteer', outcome: 'held' },
    { ...one, size: 1, role: 'volunteer', outcome: 'refuted' },
    { ...one, size: 8, role: 'trusted', outcome: 'accepted' },
  ] as const;
  expect(leavesByRole(history)).toEqual([
    { role: 'volunteer', outcome: 'held', leaves: 6 },
    { role: 'volunteer', outcome: 'refuted', leaves: 1 },
    { role: 'trusted', outcome: 'accepted', leaves: 8 },
  ]);
});
