export { fitGaussian, frechetDistance } from './frechet.ts';
export type { Gaussian } from './frechet.ts';
export { sampleGrid } from './grid.ts';
export { referenceNoise, sampleNoise } from './noise.ts';
export { encodeNpy } from './npy.ts';
export { principalComponents, project } from './principal-components.ts';
export type { PrincipalComponents } from './principal-components.ts';
