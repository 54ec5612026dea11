export { sampleGrid } from './grid.ts';
export { encodeNpy } from './npy.ts';
