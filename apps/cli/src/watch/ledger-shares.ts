/** Who computed how much of the last steps, and how fast, as the ledger's last lines have it. */
import { join } from 'node:path';
import { lastLines } from '@gradcast/files';
import { LEDGER } from '@gradcast/ledger';
import { member, number, PACE_STEPS, pacesOf, USED } from '@gradcast/watching';
import type { UsedResult, WorkerPace } from '@gradcast/watching';

/** Bytes of the ledger's end; a step with 64 workers has some 6 kB. */
const BYTES = 2 ** 18;

/**
 * By worker, the busiest first. Between two parts of the ledger there may be nothing to tell of.
 *
 * @param microBatch images of a leaf.
 * @throws an error of the system.
 */
export async function ledgerShares(run: string, microBatch: number): Promise<Map<string, WorkerPace>> {
  const lines = await lastLines(join(run, LEDGER), BYTES);
  return pacesOf(resultsOf(lines), microBatch);
}

function* resultsOf(lines: readonly string[]): Generator<UsedResult> {
  for (const line of lines.slice(-PACE_STEPS)) {
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
