export * from './authoring.ts';
export { OwnTaskError } from './errors.ts';
export type { OwnTaskErrorCode } from './errors.ts';
export { chosenTask, findTask } from './find.ts';
export { loadOwnTask } from './load.ts';
export type { OwnTask } from './load.ts';
