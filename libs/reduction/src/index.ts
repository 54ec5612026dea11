export { measureGradient, takeMean } from './average.ts';
export type { AverageNorms, GradientShape } from './average.ts';
export { vectorTree } from './vector-tree.ts';
