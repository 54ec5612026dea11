/** What held a run back, as its summary says where its time went. */
import { bottleneckOf, number, phasesOfSummary, word } from '@gradcast/watching';

/** One sentence about the last start of a run; undefined if none of its steps closed, or its version did not count. */
export function heldBack(summary: unknown): string | undefined {
  const phases = phasesOfSummary(summary);
  if (!phases) return undefined;
  const workers = phases.workers.map(({ worker, leaves, compute, network, overdue }) => {
    return { name: worker, leaves, seconds: compute + network + overdue };
  });
  const leaves = number(summary, 'microBatches');
  return bottleneckOf({ phases: phases.total, workers, leaves, codec: word(summary, 'codec') }).sentence;
}
