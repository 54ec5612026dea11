import { describe, expect, it } from 'vitest';
import { Arbitration, ARBITER_START_MS, MOST_NATIVE, UNCALLED_MS } from './arbitration.ts';
import type { ArbiterRequest } from './arbitration.ts';
import { ANYBODY, LOCAL } from '../network/credentials.ts';
import type { Peer } from '../membership/peer.ts';

function harness(isExact = false) {
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
    isExact,
  });
  const joins = (name: string, isArbiter = true) =>
    peers.set(name, { name, isArbiter, state: 'active' } as unknown as Peer);
  return { arbitration, started, peers, notices, joins, pass: (ms: number) => (now += ms), clock: () => now };
}

const like = { backend: 'tensorflow', threads: 2, credential: ANYBODY };

describe('an arbiter', () => {
  it('is started once, like the party, and called when it is there', () => {
    const { arbitration, started, joins } = harness();
    expect([arbitration.call(like), arbitration.call(like)]).toEqual([undefined, undefined]);
    expect(started).toMatchObject([{ backend: 'tensorflow', threads: 2 }]);
    joins(started[0].name);
    expect(arbitration.call(like)?.name).toBe(started[0].name);
    expect(started).toHaveLength(1);
  });

  it.each(['made-up', 'auto', ''])('for a backend %j is of wasm', (backend) => {
    const { arbitration, started } = harness();
    arbitration.call({ ...like, backend });
    expect(started).toMatchObject([{ backend: 'wasm' }]);
  });

  it('is ours by its name and the secret of our own workers', () => {
    const { arbitration, started } = harness();
    arbitration.call(like);
    const [{ name }] = started;
    expect([
      arbitration.isOurs(name, LOCAL),
      arbitration.isOurs(name, ANYBODY),
      arbitration.isOurs('b', LOCAL),
    ]).toEqual([true, false, false]);
  });

  it('is nobody who has only taken its name', () => {
    const { arbitration, started, joins } = harness();
    arbitration.call(like);
    joins(started[0].name, false);
    expect(arbitration.call(like)).toBeUndefined();
  });

  it.each(['ends', 'takes too long'])(
    'that %s before it is there gives way to wasm, which is tried again and again',
    (how) => {
      const { arbitration, started, notices, pass } = harness();
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
    const { arbitration, started, pass } = harness();
    arbitration.call(like);
    pass(ARBITER_START_MS + 1);
    arbitration.postpone(ARBITER_START_MS);
    arbitration.call(like);
    expect([started.length, started[0].wasKilled]).toEqual([1, false]);
  });

  it('that was there and is gone is started again at once, as what it was', () => {
    const { arbitration, started, peers, joins, notices } = harness();
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

describe('an arbiter that fails again and again', () => {
  const wasm = { ...like, backend: 'wasm' };

  it('is started after growing pauses, with more time each, and every failure is told', () => {
    const { arbitration, started, notices, pass, clock } = harness();
    const startsAt: number[] = [];
    arbitration.call(wasm);
    for (let ms = 0; ms < 3_600_000; ms += 1000) {
      const before = started.length;
      pass(1000);
      arbitration.call(wasm);
      if (started.length > before) startsAt.push(clock());
    }
    const between = startsAt.map((at, i) => at - (startsAt[i - 1] ?? 0)).map((ms) => Math.floor(ms / 60_000));
    expect(between).toEqual([1, 2, 4, 8, 10, 10, 10, 11]);
    expect(notices).toHaveLength(startsAt.length);
    expect(notices[0]).toBe(
      'an arbiter with backend wasm did not come in 60 s; it is started again, and what it is to decide waits',
    );
  });

  it('is not started in every tick where its process ends at once', () => {
    const { arbitration, started, pass } = harness();
    for (let ms = 0; ms < 600_000; ms += 100) {
      pass(100);
      arbitration.call(wasm);
      started.at(-1)!.hasEnded = true;
    }
    expect(started.length).toBeGreaterThan(10);
    expect(started.length).toBeLessThan(20);
  });

  it('gives way to wasm if it comes and ends three times without an answer', () => {
    const { arbitration, started, peers, joins, notices, pass } = harness();
    for (let time = 0; time < 4; time++) {
      arbitration.call(like);
      joins(started.at(-1)!.name);
      arbitration.call(like);
      peers.clear();
      arbitration.call(like);
      pass(5000);
    }
    expect(started.map(({ backend }) => backend)).toEqual(['tensorflow', 'tensorflow', 'tensorflow', 'wasm']);
    expect(notices.at(-1)).toBe('an arbiter with backend tensorflow ended; wasm decides');
  });

  it('is impossible if its process ended before it came, and only slow if it did not come in time', () => {
    const { arbitration, started, pass } = harness(true);
    arbitration.own(like);
    pass(ARBITER_START_MS + 1);
    expect([arbitration.own(like), arbitration.own(like)]).toEqual([undefined, undefined]);
    expect(started).toHaveLength(2);
    started[1].hasEnded = true;
    arbitration.own(like);
    expect(arbitration.own(like)).toBe('failed');
  });

  it('never gives way to wasm in an exact run, but for whom is trusted', () => {
    const { arbitration, started, notices, pass } = harness(true);
    for (let time = 0; time < 5; time++) {
      arbitration.call(like);
      started.at(-1)!.hasEnded = true;
      arbitration.call(like);
      pass(60_000);
    }
    expect(started.map(({ backend }) => backend)).toEqual(Array.from({ length: 5 }, () => 'tensorflow'));
    expect(notices.at(-1)).toContain('it is started again, and what it is to decide waits');
    expect(arbitration.own(like)).toBe('failed');
    arbitration.call({ ...like, credential: LOCAL });
    expect(started.at(-1)?.backend).toBe('wasm');
  });
});

describe('arbiters', () => {
  it('are few, however many kinds strangers say they are', () => {
    const { arbitration, started, pass } = harness();
    const running = () => started.filter(({ wasKilled }) => !wasKilled);
    for (let threads = 1; threads <= 40; threads++) {
      arbitration.call({ ...like, threads });
      arbitration.call({ ...like, threads, backend: 'webgpu' });
    }
    expect(running().filter(({ backend }) => backend !== 'wasm')).toHaveLength(MOST_NATIVE);
    expect(running().filter(({ backend }) => backend === 'wasm')).toHaveLength(1);
    // Kinds that nobody calls for give way.
    pass(UNCALLED_MS + 1);
    arbitration.call({ ...like, threads: 7 });
    expect(running().filter(({ backend }) => backend !== 'wasm')).toHaveLength(MOST_NATIVE);
    expect(running().at(-1)).toMatchObject({ backend: 'tensorflow', threads: 7 });
  });

  it('have the threads of the party that each one judges, whoever came first', () => {
    const { arbitration, started } = harness();
    arbitration.call({ ...like, threads: 64 });
    arbitration.call({ ...like, threads: 1 });
    arbitration.call({ ...like, threads: 9, backend: 'wasm' });
    expect(started.map(({ backend, threads }) => `${backend}/${threads}`)).toEqual([
      'tensorflow/64',
      'tensorflow/1',
      'wasm/1',
    ]);
  });

  it('end when none is needed', () => {
    const { arbitration, started } = harness();
    arbitration.call(like);
    arbitration.dismiss();
    expect(started[0].wasKilled).toBe(true);
    expect(arbitration.isOurs(started[0].name, LOCAL)).toBe(false);
  });
});
