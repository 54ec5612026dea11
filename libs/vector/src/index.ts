export type { AdamScalars, Fingerprint, Measure, Moments, VectorKernels } from './kernels.ts';
export { referenceKernels, SMALLEST_MOMENT } from './reference.ts';
export { selectKernels, simdKernels, simdSupported } from './simd.ts';
export type { KernelOptions } from './simd.ts';
