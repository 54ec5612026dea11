import type { ViewLease } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { holdersOf, MOST_DRAWN, treeOf } from './tree.ts';

const lease = (worker: string, first: number, count: number, state: ViewLease['state'] = 'open'): ViewLease => {
  return { worker, first, count, audit: false, state };
};

describe('the tree of a step', () => {
  it('has a node for each subtree, and says who has it and what has come', () => {
    const { nodes, edges } = treeOf({
      step: 1,
      leaves: 4,
      covered: [true, true, false, false],
      leases: [lease('a', 0, 2, 'done'), lease('b', 2, 1, 'expired')],
    });
    expect(nodes.map(({ worker = '-', state }) => `${worker} ${state}`)).toEqual([
      'a done',
      'a done',
      'b late',
      '- free',
      'a done',
      '- free',
      '- free',
    ]);
    expect(edges).toHaveLength(6);
  });

  it('shows the lease of now, and none that only checks or was taken back', () => {
    const leases = [
      lease('a', 0, 2, 'dropped'),
      { ...lease('c', 0, 2), audit: true },
      lease('b', 0, 1),
      lease('d', 1, 1, 'dropped'),
    ];
    const { nodes } = treeOf({ step: 1, leaves: 2, covered: [false, false], leases });
    expect(nodes.map(({ worker, state }) => [worker, state])).toEqual([
      ['b', 'open'],
      [undefined, 'free'],
      [undefined, 'free'],
    ]);
  });

  it('of one leaf is a node, and of very many a strip', () => {
    expect(treeOf({ step: 1, leaves: 1, covered: [false], leases: [] }).nodes).toHaveLength(1);
    const covered = Array.from({ length: 2 * MOST_DRAWN }, () => true);
    const { nodes, edges } = treeOf({ step: 1, leaves: covered.length, covered, leases: [] });
    expect([nodes.length, edges.length]).toEqual([2 * MOST_DRAWN, 0]);
  });

  it('is told in words as well', () => {
    const leases = [lease('a', 0, 2, 'done'), { ...lease('b', 2, 1), audit: true }];
    expect(holdersOf({ step: 1, leaves: 4, covered: [], leases })).toEqual([
      { worker: 'a', leaves: '1–2', doing: 'has sent its sum', audit: false },
      { worker: 'b', leaves: '3', doing: 'checks; computes', audit: true },
    ]);
  });
});
