export { deadPort, laterCoordinator, portHolder, webServer } from './fake-servers.ts';
export type { FakeServer, LaterAnswer } from './fake-servers.ts';
export { GradcastProcess, repository } from './gradcast-process.ts';
export type { Ending, GradcastEvent, StartOptions } from './gradcast-process.ts';
export { allGone, descendantsOf, fromProc, fromPs, runningProcesses, stillRunning } from './processes.ts';
export type { ProcessInfo } from './processes.ts';
export { checkpointSteps, contentOf, hashesOf, readMetrics, readSummary, runsIn } from './run-files.ts';
export type { Hashes, MetricsRecord, Summary } from './run-files.ts';
export { Workbench } from './workbench.ts';
