export { Curve, isMinor, MOST_POINTS, QUALITY, RunCurves } from './curves.ts';
export type { Point } from './curves.ts';
export { EVENT_TYPES, eventSentence } from './event-sentences.ts';
export { finiteOrNull, fixed, loggedEvent, member, number, presetOf, utc, word } from './logged-event.ts';
export type { LoggedEvent } from './logged-event.ts';
export { PACE_STEPS, pacesOf, USED } from './paces.ts';
export type { UsedResult, WorkerPace } from './paces.ts';
export { newestGrid, sampleGrids } from './sample-grids.ts';
export type { SampleGrid } from './sample-grids.ts';
