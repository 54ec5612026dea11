export { takeMean } from './average.ts';
export type { AverageNorms, GradientShape } from './average.ts';
export { createCodec } from './codec.ts';
export type { GradientCodec, GradientLayout } from './codec.ts';
export { gradientTree } from './gradient-tree.ts';
