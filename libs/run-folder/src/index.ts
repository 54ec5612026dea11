export { folderIdentity, readControlLink, removeControlLink, writeControlLink } from './control-link.ts';
export { EventLog } from './event-log.ts';
export { MetricsLog } from './metrics-log.ts';
export { runIdSeconds } from './run-id.ts';
export type { ProcessIdentity, ProcessTable } from './processes.ts';
export { lockHolder } from './lock-holder.ts';
export type { LockHolder } from './lock-holder.ts';
export { assertResumable, listRuns, readRun, REPORT, RunFolder, runFolders } from './run-folder.ts';
export type { CreateRunOptions, ListedRun, NamedFolder } from './run-folder.ts';
