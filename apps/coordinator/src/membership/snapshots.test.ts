import { describe, expect, it } from 'vitest';
import type { CommittedState } from './committed-state.ts';
import type { Peer } from './peer.ts';
import { Roster } from './roster.ts';
import { Snapshots } from './snapshots.ts';

/** Peers that wait for a state of so many parameters; turns of the event loop are made by hand. */
function harness({ peers, parameters }: { peers: number; parameters: number }) {
  const given: string[] = [];
  const turns: (() => void)[] = [];
  const roster = new Roster();
  for (let i = 0; i < peers; i++) {
    const peer = {
      name: `w${i}`,
      state: 'waiting',
      pausedUntil: 0,
      hasRoom: () => true,
      sendSnapshot: () => {
        peer.state = 'active';
        given.push(peer.name);
        return Promise.resolve();
      },
    };
    roster.add(peer as unknown as Peer);
  }
  const snapshots = new Snapshots({
    incarnation: 1,
    roster,
    now: () => 0,
    budgets: { snapshot: () => 0 },
    guard: (_, handle) => handle(),
    given: () => undefined,
    nextTurn: (task) => turns.push(task),
  });
  const vectors = [new Float32Array(parameters)];
  snapshots.publish({ version: 0, fingerprint: '00'.repeat(16), vectors } as unknown as CommittedState);
  /** @returns whether there was anything left to do. */
  const turn = () => {
    const tasks = turns.splice(0);
    for (const task of tasks) task();
    return tasks.length > 0;
  };
  return { given, turn, snapshots };
}

describe('snapshots', () => {
  it('go to all who wait at once where they are small', () => {
    expect(harness({ peers: 100, parameters: 1000 }).given).toHaveLength(100);
  });

  it('of megabytes go one in a turn of the event loop, oldest first', () => {
    const { given, turn } = harness({ peers: 3, parameters: 1_500_000 });
    expect(given).toEqual(['w0']);
    turn();
    expect(given).toEqual(['w0', 'w1']);
    turn();
    expect(given).toEqual(['w0', 'w1', 'w2']);
    turn();
    expect(turn()).toBe(false);
  });

  it('larger than a turn allows go all the same', () => {
    const { given, turn } = harness({ peers: 2, parameters: 2_000_000 });
    turn();
    expect(given).toEqual(['w0', 'w1']);
  });

  it('wait while the state changes', () => {
    const { given, turn, snapshots } = harness({ peers: 2, parameters: 2_000_000 });
    snapshots.withdraw();
    turn();
    expect(given).toEqual(['w0']);
  });
});
