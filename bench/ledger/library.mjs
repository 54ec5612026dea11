/** What the benchmark of long ledgers needs of the sources, in one bundle. */
export { verifyRun } from '../../apps/cli/src/verify.ts';
export { Checkpoints } from '../../libs/checkpoint/src/index.ts';
export { LEDGER_FORMAT, LedgerWriter, rewindLedger } from '../../libs/ledger/src/index.ts';
export { RunFolder } from '../../libs/run-folder/src/index.ts';
export { buildModel, presets } from '../../libs/model/src/index.ts';
export { nameTensors, TrainingState } from '../../libs/optimizer/src/index.ts';
export { referenceKernels } from '../../libs/vector/src/index.ts';
