/** A process that does one thing with a long ledger. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Checkpoints } from '@gradcast/checkpoint';
import { rewindLedger } from '@gradcast/ledger';
import { verifyRun } from '../../apps/cli/src/verify.ts';
import { serveParent } from '../harness/child.ts';
import { makeRun } from './make-run.ts';
import type { MakeOptions } from './make-run.ts';

export type Asked =
  | ({ readonly type: 'make' } & MakeOptions)
  | { readonly type: 'verify' | 'resume' | 'resume-unplaced'; readonly run: string };

export interface Told {
  readonly type: 'done';
  readonly seconds: number;
  /** Of the whole process. */
  readonly peakMiB: number;
  readonly result: unknown;
}

serveParent<Asked, Told>({
  make: (options) => measured(makeRun(options)),
  verify: ({ run }) => measured(verifyRun(run)),
  resume: ({ run }) => measured(resume(run, true)),
  'resume-unplaced': ({ run }) => measured(resume(run, false)),
});

async function measured(work: Promise<unknown>): Promise<Told> {
  const started = performance.now();
  const result = await work;
  const seconds = (performance.now() - started) / 1000;
  return { type: 'done', seconds, peakMiB: process.resourceUsage().maxRSS / 1024, result };
}

/** @param isPlaced whether the checkpoint says where its line of the ledger ends: those of earlier versions do not. */
async function resume(run: string, isPlaced: boolean) {
  const { checkpoint } = await new Checkpoints(join(run, 'checkpoints')).loadNewest();
  const { step, ledger } = checkpoint.info;
  const position = isPlaced ? ledger : { length: ledger.length, head: ledger.head };
  const { length, place } = await rewindLedger(run, { ...position, step });
  return { length, place };
}
