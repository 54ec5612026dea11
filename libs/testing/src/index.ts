export { deadPort, laterCoordinator, portHolder, webServer } from './fake-servers.ts';
export type { FakeServer, LaterAnswer } from './fake-servers.ts';
export { laterWorker } from './fake-workers.ts';
export { aftermath, median } from './aftermath.ts';
export type { Aftermath } from './aftermath.ts';
export { checkFault, COORDINATOR } from './fault.ts';
export type { Fault, LinkFault, Phase, PlannedFault, ProcessFault, ResultFault } from './fault.ts';
export { Chromium, hasChromium } from './chromium.ts';
export { FaultProxy } from './fault-proxy.ts';
export type { FaultProxyOptions } from './fault-proxy.ts';
export { Firefox, hasFirefox } from './firefox.ts';
export type { FirefoxTab } from './firefox.ts';
export { GradcastProcess, repository } from './gradcast-process.ts';
export type { Ending, GradcastEvent, StartOptions } from './gradcast-process.ts';
export { JoinPage } from './join-page.ts';
export { Moments } from './moments.ts';
export type { Event, Moment } from './moments.ts';
export { allGone, descendantsOf, fromProc, fromPs, runningProcesses, stillRunning } from './processes.ts';
export type { ProcessInfo } from './processes.ts';
export { hasPrometheus, lintMetrics, Prometheus } from './prometheus.ts';
export type { Series } from './prometheus.ts';
export { pythonHas, readByPython } from './python.ts';
export { ReverseProxy } from './reverse-proxy.ts';
export type { ReverseProxyOptions } from './reverse-proxy.ts';
export {
  checkpointSteps,
  contentOf,
  hashesOf,
  readEvents,
  readLedgerSteps,
  readMetrics,
  readSummary,
  runsIn,
} from './run-files.ts';
export type { EventRecord, Hashes, LedgerStep, MetricsRecord, Summary } from './run-files.ts';
export { canShapeLinks, shapeLink } from './shaped-link.ts';
export type { ShapedLink } from './shaped-link.ts';
export { Workbench } from './workbench.ts';
