export type { AverageNorms } from './average.ts';
export type { GradientCodec, GradientLayout, Mean } from './codec.ts';
export { codecReserve, createCodec } from './create-codec.ts';
export { DEVICE_TOLERANCE, isNear } from './distance.ts';
export { gradientTree } from './gradient-tree.ts';
