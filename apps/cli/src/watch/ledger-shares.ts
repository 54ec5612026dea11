/** Who computed how much of the last steps, and how fast, as the ledger's last lines have it. */
import { join } from 'node:path';
import { lastLines } from '@gradcast/files';
import { LEDGER } from '@gradcast/ledger';
import { member, number } from './logged-event.ts';

export interface WorkerPace {
  /** Of the leaves that were used, 0 to 1. */
  readonly share: number;
  readonly imagesPerSecond: number;
}

/** Bytes of the ledger's end; a step with 64 workers has some 6 kB. */
const BYTES = 2 ** 18;
/** Steps that count: of earlier ones nobody asks how things are. */
const STEPS = 64;
const USED: readonly unknown[] = ['accepted', 'suspect'];

/**
 * By worker, the busiest first. Between two parts of the ledger there may be nothing to tell of.
 *
 * @param microBatch images of a leaf.
 * @throws an error of the system.
 */
export async function ledgerShares(run: string, microBatch: number): Promise<Map<string, WorkerPace>> {
  const lines = await lastLines(join(run, LEDGER), BYTES);
  const leaves = new Map<string, { leaves: number; ms: number }>();
  let all = 0;
  for (const { worker, size, ms } of resultsOf(lines)) {
    const sum = leaves.get(worker) ?? { leaves: 0, ms: 0 };
    leaves.set(worker, { leaves: sum.leaves + size, ms: sum.ms + ms });
    all += size;
  }
  const sorted = [...leaves].sort(([, a], [, b]) => b.leaves - a.leaves);
  return new Map(
    sorted.map(([worker, { leaves: own, ms }]) => [
      worker,
      { share: own / all, imagesPerSecond: (1000 * own * microBatch) / ms },
    ]),
  );
}

function* resultsOf(lines: readonly string[]): Generator<{ worker: string; size: number; ms: number }> {
  for (const line of lines.slice(-STEPS)) {
    let step: unknown;
    try {
      step = JSON.parse(line);
    } catch {
      continue;
    }
    const results = member(step, 'results');
    if (!Array.isArray(results)) continue;
    for (const result of results as unknown[]) {
      const [worker, size, ms] = [member(result, 'worker'), number(result, 'size'), number(result, 'ms')];
      if (typeof worker === 'string' && size > 0 && ms >= 0 && USED.includes(member(result, 'outcome'))) {
        yield { worker, size, ms };
      }
    }
  }
}
