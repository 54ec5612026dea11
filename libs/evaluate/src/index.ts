export { sampleGrid } from './grid.ts';
export { referenceNoise, sampleNoise } from './noise.ts';
export { encodeNpy } from './npy.ts';
