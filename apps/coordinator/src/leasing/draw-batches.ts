/** The thread's side of batches ahead: draws one step after the other, with the code that the main thread draws with. */
import { heldColumn, MicroBatches } from '@gradcast/dataset';
import { selectKernels } from '@gradcast/vector';
import type { BatchReply, BatchRequest, BatchSettings, SharedColumn } from './batch-messages.ts';

/** The thread's side of its port, as `parentPort` of `node:worker_threads` has it. */
export interface BatchPort {
  on(event: 'message', listener: (request: BatchRequest) => void): unknown;
  postMessage(reply: BatchReply, transfer: ArrayBuffer[]): void;
}

/** @param port `parentPort` of the thread. */
export function drawBatches(port: BatchPort, { inputs, labels, fields, shape, seed }: BatchSettings): void {
  const columnOf = ({ values, shape: sample }: SharedColumn) => heldColumn(values, sample);
  const held = columnOf(inputs);
  const cutter = new MicroBatches({
    dataset: { inputs: held, labels: labels && columnOf(labels), count: held.count },
    fields,
    shape,
    seed,
    kernels: selectKernels(),
  });
  const whole = { first: 0, count: shape.microBatches };
  port.on('message', ({ step }) => {
    const drawn = cutter.cut(step, whole);
    const buffers = Object.values(drawn).map(({ buffer }) => buffer);
    port.postMessage(
      { step, fields: drawn },
      buffers.filter((buffer) => buffer instanceof ArrayBuffer),
    );
  });
}
