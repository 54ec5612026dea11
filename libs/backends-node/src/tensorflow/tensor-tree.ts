/** Tensors in nested objects and arrays, always visited in the order in which these were built. */
import { Tensor } from '@tensorflow/tfjs-core';
import type { TensorTree } from '@gradcast/network';

/** The same tree with other tensors; `place` counts leaves from 0. */
export function mapLeaves(tree: TensorTree, change: (leaf: Tensor, place: number) => Tensor): TensorTree {
  let place = 0;
  const visit = (node: TensorTree): TensorTree => {
    if (node instanceof Tensor) return change(node, place++);
    if (Array.isArray(node)) return node.map(visit);
    return Object.fromEntries(Object.entries(node).map(([name, child]) => [name, visit(child)]));
  };
  return visit(tree);
}

export function leaves(tree: TensorTree): Tensor[] {
  const found: Tensor[] = [];
  mapLeaves(tree, (leaf) => {
    found.push(leaf);
    return leaf;
  });
  return found;
}
