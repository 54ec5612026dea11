export * from './fields.ts';
export * from './layout.ts';
export { freeAll, freeMemory, keepFreedMemory, ownBuffers } from './memory.ts';
export { bytesOf, floatsOf } from './views.ts';
