import { describe, expect, it } from 'vitest';
import { Arbitration, ARBITER_START_MS } from './arbitration.ts';
import type { ArbiterRequest } from './arbitration.ts';
import { ANYBODY, LOCAL } from './credentials.ts';
import type { Peer } from './peer.ts';

function bench() {
  let now = 0;
  const started: (ArbiterRequest & { hasEnded: boolean; wasKilled: boolean })[] = [];
  const peers = new Map<string, Peer>();
  const notices: string[] = [];
  const arbitration = new Arbitration({
    now: () => now,
    startArbiter: (request) => {
      const child = { ...request, hasEnded: false, wasKilled: false };
      started.push(child);
      return {
        get hasEnded() {
          return child.hasEnded;
        },
        end: () => (child.wasKilled = true),
      };
    },
    roster: { named: (name) => peers.get(name) },
    events: { notice: (sentence) => notices.push(sentence) },
  });
  const joins = (name: string, isArbiter = true) =>
    peers.set(name, { name, isArbiter, state: 'active' } as unknown as Peer);
  return { arbitration, started, peers, notices, joins, pass: (ms: number) => (now += ms) };
}

const like = { backend: 'tensorflow', threads: 2 };

describe('an arbiter', () => {
  it('is started once, like the party, and called when it is there', () => {
    const { arbitration, started, joins } = bench();
    expect([arbitration.call(like), arbitration.call(like)]).toEqual([undefined, undefined]);
    expect(started).toMatchObject([{ backend: 'tensorflow', threads: 2 }]);
    joins(started[0].name);
    expect(arbitration.call(like)?.name).toBe(started[0].name);
    expect(started).toHaveLength(1);
  });

  it.each(['made-up', 'auto', ''])('for a backend %j is of wasm', (backend) => {
    const { arbitration, started } = bench();
    arbitration.call({ backend, threads: 1 });
    expect(started).toMatchObject([{ backend: 'wasm' }]);
  });

  it('is ours by its name and the secret of our own workers', () => {
    const { arbitration, started } = bench();
    arbitration.call(like);
    const [{ name }] = started;
    expect([
      arbitration.isOurs(name, LOCAL),
      arbitration.isOurs(name, ANYBODY),
      arbitration.isOurs('b', LOCAL),
    ]).toEqual([true, false, false]);
  });

  it('is nobody who has only taken its name', () => {
    const { arbitration, started, joins } = bench();
    arbitration.call(like);
    joins(started[0].name, false);
    expect(arbitration.call(like)).toBeUndefined();
  });

  it.each(['ends', 'takes too long'])(
    'that %s before it is there gives way to wasm, which is tried again and again',
    (how) => {
      const { arbitration, started, notices, pass } = bench();
      const fails = () => {
        if (how === 'ends') started.at(-1)!.hasEnded = true;
        else pass(ARBITER_START_MS + 1);
        arbitration.call(like);
        arbitration.call(like);
      };
      arbitration.call(like);
      fails();
      fails();
      expect(started.map(({ backend }) => backend)).toEqual(['tensorflow', 'wasm', 'wasm']);
      expect(notices).toHaveLength(2);
      expect(started[0].wasKilled).toBe(true);
    },
  );

  it('is not late while the coordinator stands still', () => {
    const { arbitration, started, pass } = bench();
    arbitration.call(like);
    pass(ARBITER_START_MS + 1);
    arbitration.postpone(ARBITER_START_MS);
    arbitration.call(like);
    expect([started.length, started[0].wasKilled]).toEqual([1, false]);
  });

  it('that was there and is gone is started again at once, as what it was', () => {
    const { arbitration, started, peers, joins, notices } = bench();
    arbitration.call(like);
    joins(started[0].name);
    arbitration.call(like);
    peers.clear();
    arbitration.call(like);
    arbitration.call(like);
    expect(started.map(({ backend }) => backend)).toEqual(['tensorflow', 'tensorflow']);
    expect(notices).toEqual([]);
  });
});
