/** Files of data sets, for tests: written by the formats' texts, independently of what reads them. */
export { idxFile } from './idx-file.ts';
export { npyFile } from './npy-file.ts';
export { pngFile } from './png-file.ts';
