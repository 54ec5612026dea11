export { IMAGE_BYTES, IMAGE_SIDE, loadDataset } from './dataset.ts';
export type { Dataset, DatasetOptions, Split } from './dataset.ts';
export { DatasetError } from './errors.ts';
export type { DatasetErrorCode } from './errors.ts';
export { decodeIdx } from './idx.ts';
export type { Idx } from './idx.ts';
export { MicroBatches } from './micro-batches.ts';
export type { MicroBatchOptions } from './micro-batches.ts';
