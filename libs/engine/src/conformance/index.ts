export { array, expectClose, tensor } from './arrays.ts';
export { engineConformance } from './engine-suite.ts';
export { fourierConformance } from './fourier-suite.ts';
export { distance, gradientOf } from './gradients.ts';
export { graphConformance } from './graph-suite.ts';
export { kerasConformance } from './keras-suite.ts';
export { kernelConformance } from './kernel-suite.ts';
export { matMul } from './reference.ts';
export type { Plain } from './reference.ts';
