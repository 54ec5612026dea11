export type { AdamScalars, Fingerprint, Measure, Moments, VectorKernels } from './kernels.ts';
export { referenceKernels, SMALLEST_MOMENT } from './reference.ts';
