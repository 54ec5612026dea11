import { EXAMPLE } from '@gradcast/definition/example';

/** What a coordinator says first to a member. */
export const WELCOME = {
  type: 'welcome',
  incarnation: 1,
  run: 'run-1',
  worker: 'tab',
  session: 'ab'.repeat(16),
  ...EXAMPLE,
  silenceSeconds: 30,
} as const;
