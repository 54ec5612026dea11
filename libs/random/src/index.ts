export * from './elementary.ts';
export * from './fill.ts';
export { interpolate } from './interpolate.ts';
export { Philox, RandomError } from './philox.ts';
