export { fitGaussian, frechetDistance } from './frechet.ts';
export type { Gaussian } from './frechet.ts';
export { sampleGrid } from './grid.ts';
export type { GridOptions, ImageShape } from './grid.ts';
export { outputInputs, referenceInputs } from './inputs.ts';
export type { InputsOptions, Originals } from './inputs.ts';
export { encodeNpy } from './npy.ts';
export { principalComponents, project } from './principal-components.ts';
export type { PrincipalComponents } from './principal-components.ts';
