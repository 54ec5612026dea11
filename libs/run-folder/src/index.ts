export { folderIdentity, readControlLink, removeControlLink, writeControlLink } from './control-link.ts';
export { EventLog } from './event-log.ts';
export { MetricsLog } from './metrics-log.ts';
export type { ProcessIdentity, ProcessTable } from './processes.ts';
export { assertResumable, listRuns, readRun, RunFolder } from './run-folder.ts';
export type { CreateRunOptions, ListedRun } from './run-folder.ts';
