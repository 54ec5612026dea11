export * from './layout.ts';
export { freeMemory } from './memory.ts';
export { bytesOf, floatsOf } from './views.ts';
