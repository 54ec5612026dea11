export { PACK_BLOCK, packedElementBytes, packedExponents } from './kernels.ts';
export type {
  AdamScalars,
  Fingerprint,
  Measure,
  Moments,
  PackedFormat,
  PackedRun,
  Range,
  Rounding,
  SgdScalars,
  VectorKernels,
} from './kernels.ts';
export { boundSquares } from './packed-bound.ts';
export { referenceKernels, SMALLEST_MOMENT } from './reference.ts';
export { selectKernels, simdKernels, simdSupported } from './simd.ts';
export type { KernelOptions } from './simd.ts';
