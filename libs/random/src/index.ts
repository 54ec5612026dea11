export * from './elementary.ts';
export * from './fill.ts';
export { Philox, RandomError } from './philox.ts';
