/** The reduction tree of a step as something to draw: where its nodes are, who has which, and what has come. Pure. */
import type { ViewLease, ViewStep } from '@gradcast/protocol';

export type NodeState = 'free' | 'open' | 'late' | 'done';

export interface TreeNode {
  readonly x: number;
  readonly y: number;
  /** Who has it, or had it; undefined where several have its leaves, or nobody. */
  readonly worker: string | undefined;
  readonly state: NodeState;
  readonly isLeaf: boolean;
}

export interface TreeEdge {
  readonly from: TreeNode;
  readonly to: TreeNode;
}

export interface Tree {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly TreeNode[];
  readonly edges: readonly TreeEdge[];
}

/** Who has what of a step. */
export interface Holder {
  readonly worker: string;
  /** Numbers of leaves from 1, as ranges. */
  readonly leaves: string;
  readonly doing: string;
  readonly audit: boolean;
}

/** More leaves than this are a strip without the tree above them. */
export const MOST_DRAWN = 64;
const LEVEL = 34;
const MARGIN = 12;
/** Width of a drawing, in its own units. */
const WIDTH = 320;
const STRIP = 32;

export function treeOf(step: ViewStep): Tree {
  const leaves = step.covered.map((_, leaf) => leafOf(step, leaf));
  if (leaves.length > MOST_DRAWN) return stripOf(leaves);
  const levels = Math.log2(leaves.length);
  const gap = (WIDTH - 2 * MARGIN) / leaves.length;
  let level: TreeNode[] = leaves.map((leaf, i) => ({
    ...leaf,
    x: MARGIN + (i + 0.5) * gap,
    y: MARGIN + levels * LEVEL,
    isLeaf: true,
  }));
  const nodes = [...level];
  const edges: TreeEdge[] = [];
  while (level.length > 1) {
    const above: TreeNode[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const node = joined(level[i], level[i + 1]);
      above.push(node);
      edges.push({ from: node, to: level[i] }, { from: node, to: level[i + 1] });
    }
    nodes.push(...above);
    level = above;
  }
  return { width: WIDTH, height: 2 * MARGIN + levels * LEVEL, nodes, edges };
}

function joined(left: TreeNode, right: TreeNode): TreeNode {
  const state =
    left.state === 'done' && right.state === 'done' ? 'done' : left.state === right.state ? left.state : 'free';
  return {
    x: (left.x + right.x) / 2,
    y: left.y - LEVEL,
    worker: left.worker === right.worker ? left.worker : undefined,
    state,
    isLeaf: false,
  };
}

function stripOf(leaves: readonly Pick<TreeNode, 'worker' | 'state'>[]): Tree {
  const gap = WIDTH / STRIP;
  const nodes = leaves.map((leaf, i) => ({
    ...leaf,
    x: (0.5 + (i % STRIP)) * gap,
    y: (0.5 + Math.floor(i / STRIP)) * gap,
    isLeaf: true,
  }));
  return { width: WIDTH, height: Math.ceil(leaves.length / STRIP) * gap, nodes, edges: [] };
}

function leafOf({ covered, leases }: ViewStep, leaf: number): Pick<TreeNode, 'worker' | 'state'> {
  const has = ({ first, count, audit, state }: ViewLease) =>
    !audit && state !== 'dropped' && leaf >= first && leaf < first + count;
  const lease = leases.findLast(has);
  if (covered[leaf]) return { worker: lease?.worker, state: 'done' };
  if (!lease) return { worker: undefined, state: 'free' };
  return { worker: lease.worker, state: lease.state === 'open' ? 'open' : 'late' };
}

const DOING: Readonly<Record<ViewLease['state'], string>> = {
  open: 'computes',
  shared: 'computes; others may be faster',
  expired: 'is late; others may be asked',
  dropped: 'was let off',
  done: 'has sent its sum',
};

export function holdersOf({ leases }: ViewStep): Holder[] {
  return leases.map(({ worker, first, count, audit, state }) => ({
    worker,
    leaves: count === 1 ? String(first + 1) : `${first + 1}–${first + count}`,
    doing: audit ? `checks; ${DOING[state]}` : DOING[state],
    audit,
  }));
}
