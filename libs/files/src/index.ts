export { replaceFile, replaceFolder, syncFolder, TEMPORARY_PREFIX, writeAtomically, writeJson } from './atomic.ts';
export { cacheFolder } from './cache-folder.ts';
export { shippedFolder } from './shipped-folder.ts';
export { RunError, systemCode } from './errors.ts';
export type { RunErrorCode } from './errors.ts';
export { LineFile, MAX_BACKLOG_BYTES, openOrMake } from './line-file.ts';
export type { LineFileEvents, LineFileOptions, LineTarget } from './line-file.ts';
export { lastLines, LINE_BYTES, LineFollower, wholeLines } from './whole-lines.ts';
export type { WholeLine } from './whole-lines.ts';
