/**
 * A process of canned workers: each has a socket of its own and speaks the whole protocol, but answers every lease at
 * once with the same vector and takes the fingerprint of its replica from a list. What is left is what the coordinator
 * and the wire cost.
 */
import { ganTask, presets } from '@gradcast/gan';
import { serveParent, tellParent } from '../harness/child.ts';
import { CannedWorker } from './canned-worker.ts';
import { cannedPayloads } from './canned.ts';
import type { CannedRun } from './canned.ts';

export interface Asked {
  readonly type: 'join';
  readonly url: string;
  readonly names: readonly string[];
  readonly run: CannedRun;
}

export type Told =
  /** A worker's replica reached the version from which, or to which, is measured. */
  | { readonly type: 'began' | 'ended' }
  | {
      readonly type: 'answered';
      /** From `began` to `ended` of the first worker. */
      readonly ms: number;
      /** Of all workers in between. */
      readonly results: number;
      readonly bytesDown: number;
      readonly bytesUp: number;
    };

serveParent<Asked, Told>({
  join: async ({ url, names, run }) => {
    const model = ganTask({ ...presets[run.preset], microBatch: run.microBatchSize });
    const encode = cannedPayloads(model, run).result;
    const bySize = new Map<number, Uint8Array>();
    const payloadOf = (size: number) => {
      const payload = bySize.get(size) ?? encode(size);
      bySize.set(size, payload);
      return payload;
    };
    const tell = (type: 'began' | 'ended') => tellParent({ type } satisfies Told);
    const workers = names.map((name) => new CannedWorker({ url, name, run, payloadOf, tell }));
    await Promise.all(workers.map(({ finished }) => finished));
    const sumOf = (member: 'results' | 'bytesDown' | 'bytesUp') =>
      workers.reduce((sum, worker) => sum + worker[member], 0);
    const [{ ms }] = workers;
    return {
      type: 'answered',
      ms,
      results: sumOf('results'),
      bytesDown: sumOf('bytesDown'),
      bytesUp: sumOf('bytesUp'),
    };
  },
});
