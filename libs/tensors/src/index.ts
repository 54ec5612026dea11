export * from './layout.ts';
export { bytesOf, floatsOf } from './views.ts';
