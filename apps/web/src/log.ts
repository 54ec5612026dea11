/** Kinds of events that people choose from. Pure. */
import type { ViewEvent } from '@gradcast/protocol';

export const KINDS = ['training', 'workers', 'faults', 'files', 'steps'] as const;
export type Kind = (typeof KINDS)[number];

export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  training: 'Training',
  workers: 'Workers',
  faults: 'Faults',
  files: 'Files',
  steps: 'Every step',
};

/** What is shown unless somebody chooses otherwise. */
export const USUAL_KINDS: readonly Kind[] = ['training', 'workers', 'faults'];

const KIND_OF: Readonly<Record<string, Kind>> = {
  state: 'training',
  scored: 'training',
  evaluated: 'training',
  joined: 'workers',
  left: 'workers',
  'drain-asked': 'workers',
  refused: 'faults',
  quarantined: 'faults',
  parked: 'faults',
  distrusted: 'faults',
  trouble: 'faults',
  saved: 'files',
  sampled: 'files',
  'step-closed': 'steps',
  'leased-again': 'steps',
  audited: 'steps',
};

export function kindOf(event: ViewEvent): Kind {
  if (event.type === 'left' && event['why'] === 'lost') return 'faults';
  if (event.type === 'step-closed' && event['skipped'] === true) return 'faults';
  if (event.type === 'audited' && event['ending'] === 'settled') return 'faults';
  return Object.hasOwn(KIND_OF, event.type) ? KIND_OF[event.type] : 'training';
}

/** The newest first. */
export function shownEvents(events: readonly ViewEvent[], kinds: ReadonlySet<Kind>, most: number): ViewEvent[] {
  const shown: ViewEvent[] = [];
  for (let i = events.length - 1; i >= 0 && shown.length < most; i--) {
    if (kinds.has(kindOf(events[i]))) shown.push(events[i]);
  }
  return shown;
}
