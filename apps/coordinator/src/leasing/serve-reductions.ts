/**
 * The reduction thread's work: one tree, that of the step whose values come.
 *
 * Invariant: it holds values of one step at most. What an earlier step left unfinished goes when the next begins.
 */
import { createCodec, gradientTree } from '@gradcast/reduction';
import type { TreeSum } from '@gradcast/schedule';
import { freeMemory, ownBuffers } from '@gradcast/tensors';
import { selectKernels } from '@gradcast/vector';
import type { AddRequest, ReductionSettings, SumReply } from './reduction-messages.ts';

/** The thread's side of its port, as `parentPort` of `node:worker_threads` has it. */
export interface ReductionPort {
  on(event: 'message', listener: (request: AddRequest) => void): unknown;
  postMessage(reply: SumReply, transferred: ArrayBuffer[]): void;
}

export function serveReductions(port: ReductionPort, { codec: name, layout, seed }: ReductionSettings): void {
  const codec = createCodec(name, { layout, seed, kernels: selectKernels() });
  let present: { readonly step: number; readonly tree: TreeSum<Uint8Array>; ms: number } | undefined;
  port.on('message', ({ step, leaves, subtree, node }) => {
    const began = performance.now();
    if (present?.step !== step) {
      const tree = gradientTree({ start: 0, size: leaves }, { codec, step, released: freeMemory });
      present = { step, tree, ms: 0 };
    }
    present.tree.add(subtree, node);
    present.ms += performance.now() - began;
    const { total: sum } = present.tree;
    if (!sum) return;
    port.postMessage({ step, sum, ms: present.ms }, ownBuffers(sum));
    present = undefined;
  });
}
