export type { AverageNorms } from './average.ts';
export { codecReserve, createCodec } from './codec.ts';
export type { GradientCodec, GradientLayout, Mean } from './codec.ts';
export { DEVICE_TOLERANCE, isNear } from './distance.ts';
export { gradientTree } from './gradient-tree.ts';
