/** The commands that watch runs, loaded when one of them is asked for. */
export { runReport, writeReport } from './report/report.ts';
export { runCompare } from './watch/compare.ts';
export { runEvents } from './watch/events.ts';
export { runRuns } from './watch/runs.ts';
export { runTop } from './watch/top.ts';
