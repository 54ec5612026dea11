/** What the benchmark of long ledgers needs of the sources, in one bundle. */
export { verifyRun } from '../../apps/cli/src/verify.ts';
export { Checkpoints, LEDGER_FORMAT, LedgerWriter, rewindLedger, RunFolder } from '../../libs/checkpoint/src/index.ts';
export { buildModel, presets } from '../../libs/model/src/index.ts';
export { nameTensors, TrainingState } from '../../libs/optimizer/src/index.ts';
export { referenceKernels } from '../../libs/vector/src/index.ts';
