import { expect, it } from 'vitest';
import type { Party, Ruling } from './audit.ts';
import { Blame } from './blame.ts';
import { ANYBODY } from '../network/credentials.ts';
import type { Member } from '../membership/members.ts';
import { Reputations } from '../membership/reputation.ts';

function party(worker: string, identity = worker): Party {
  return { worker, identity, credential: ANYBODY, profile: 'p', isArbiter: false, backend: 'wasm', threads: 1 };
}

const arbiter: Party = { ...party('arbiter'), isArbiter: true };

function ruling(change: Partial<Ruling>): Ruling {
  const subtree = { start: 0, size: 1 };
  return {
    subtree,
    node: new Uint8Array(),
    wrong: [],
    right: [],
    alike: [],
    used: arbiter,
    kind: 'settled',
    exact: true,
    ...change,
  };
}

function harness(...present: { readonly name: string; readonly identity: string }[]) {
  const told: string[] = [];
  const reputations = new Reputations(() => 0);
  const blame = new Blame({
    trust: { right: () => undefined, wrong: () => [] },
    events: {
      audit: (kind, worker) => told.push(`${kind} ${worker}`),
      lease: (outcome, worker) => told.push(`${outcome} ${worker}`),
      happened: (event) => {
        if (event.type === 'quarantined') told.push(`quarantined ${event.worker} ${event.reason}`);
      },
      resultRefused: (code) => told.push(`result ${code}`),
    },
    members: {
      reputations,
      named: (name) => present.find((each) => each.name === name) as Member | undefined,
      refuse: ({ name }, code) => told.push(`refused ${name} ${code}`),
    },
  });
  return { blame, reputations, told };
}

it('is for who was wrong, and praise for who was right', () => {
  const { blame, reputations, told } = harness({ name: 'liar', identity: 'liar' });
  reputations.introduce('honest', { shared: ['token:shared'] });
  for (let i = 0; i < 10; i++) {
    blame.ruled(ruling({ right: [party('honest')], used: party('honest'), kind: 'agreed' }), 0);
  }
  expect([reputations.isOnProbation('honest'), told.slice(-2)]).toEqual([false, ['agreed honest', 'accepted honest']]);
  blame.ruled(ruling({ wrong: [party('liar')] }), 0);
  expect(told.slice(-4)).toEqual([
    'settled arbiter',
    'quarantined liar audit',
    'result audit-lost',
    'refused liar audit-lost',
  ]);
});

it('finds who has hung up by its session, and not who has taken its name since', () => {
  const { blame, reputations, told } = harness({ name: 'w', identity: 'session-2' });
  blame.ruled(ruling({ wrong: [party('w', 'session-1')] }), 0);
  blame.refuted(party('w', 'session-1'));
  expect(told).toEqual([
    'settled arbiter',
    'quarantined w audit',
    'result audit-lost',
    'quarantined w refused',
    'result result-numeric',
  ]);
  expect(reputations.quarantineOf('session-1')).toBeDefined();
  expect(reputations.quarantineOf('session-2')).toBeUndefined();
});
