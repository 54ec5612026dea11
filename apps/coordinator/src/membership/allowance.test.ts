import { describe, expect, it } from 'vitest';
import type { CoordinatorMessage } from '@gradcast/protocol';
import { Allowance } from './allowance.ts';

const lease: CoordinatorMessage = {
  type: 'lease',
  incarnation: 1,
  lease: 1,
  version: 0,
  first: 0,
  count: 3,
};
const average: CoordinatorMessage = { type: 'average', incarnation: 1, version: 0, scalars: null };
const ping: CoordinatorMessage = { type: 'ping', incarnation: 1, id: 1 };

function harness() {
  let clock = 0;
  const allowance = new Allowance(() => clock);
  /** How many of a kind may come now. */
  const flood = (type: 'ping' | 'pong' | 'result' | 'applied' | 'stats') => {
    let count = 0;
    while (allowance.says(type) !== 'too-much') count += 1;
    return count;
  };
  return { allowance, flood, pass: (ms: number) => void (clock += ms) };
}

describe('what a peer may say', () => {
  it('is whatever it was asked for, at any pace', () => {
    const { allowance, flood } = harness();
    flood('stats');
    for (let i = 0; i < 1000; i++) {
      for (const message of [lease, average, ping]) allowance.asks(message);
      // Leaves 0 to 2 are two subtrees.
      const answers = (['result', 'result', 'applied', 'pong'] as const).map((type) => allowance.says(type));
      expect(answers).toEqual(['asked', 'asked', 'asked', 'asked']);
    }
    expect(flood('result') + flood('applied') + flood('pong')).toBe(0);
  });

  it.each(['ping', 'pong', 'result', 'applied', 'stats'] as const)(
    'is little else: of a %s that nobody asked for 100 and 10 a second',
    (type) => {
      const { flood, pass } = harness();
      expect(flood(type)).toBe(100);
      pass(3000);
      expect(flood(type)).toBe(30);
    },
  );
});

describe('a message larger than a header', () => {
  it('may come from nobody who was never leased anything', () => {
    const { allowance } = harness();
    for (const message of [average, ping]) allowance.asks(message);
    expect(allowance.mayBeLarge(false)).toBe(false);
  });

  it('may come a few times from who has contributed before: a result of its last connection', () => {
    const { allowance, flood } = harness();
    expect(allowance.mayBeLarge(true)).toBe(true);
    flood('result');
    expect(allowance.mayBeLarge(true)).toBe(false);
  });

  it('may come for each subtree that was leased, and a few times twice', () => {
    const { allowance, flood } = harness();
    allowance.asks(lease);
    flood('stats');
    const may = [0, 1, 2].map(() => {
      const may = allowance.mayBeLarge(false);
      allowance.says('result');
      return may;
    });
    expect(may).toEqual([true, true, false]);
  });
});
