/**
 * Everything that a report tells of a run, from the files of its folder alone.
 *
 * Invariants: nothing of what they say is believed or unbounded; a file that is missing or damaged is a sentence among
 * {@link RunRecord.faults}, and the rest is read all the same.
 */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { LineFollower, RunError } from '@gradcast/files';
import {
  loggedEvent,
  member,
  phasesOfLine,
  phasesOfSummary,
  RunCurves,
  sampleGrids,
  sumPhases,
} from '@gradcast/watching';
import type { Curve, LoggedEvent, PhaseSeconds, RunPhases, SampleGrid } from '@gradcast/watching';
import { readObject } from '../watch/run-files.ts';
import { askState, stateOf } from '../watch/run-state.ts';
import { Columns } from './columns.ts';
import { Happenings } from './happenings.ts';
import { Profiles } from './profiles.ts';
import { readLedgerOf } from './recorded-ledger.ts';
import type { RecordedLedger } from './recorded-ledger.ts';
import { RunTime, RunTimes } from './run-time.ts';
import { Workforce } from './workforce.ts';

export interface RunRecord {
  /** The name of its folder, which is that of the run. */
  readonly id: string;
  readonly state: string;
  readonly config: object;
  readonly summary: object | undefined;
  readonly time: RunTime;
  readonly columns: Columns;
  readonly happenings: Happenings;
  readonly workforce: Workforce;
  readonly ledger: RecordedLedger;
  readonly profiles: Profiles;
  readonly curves: ReadonlyMap<string, Curve>;
  readonly grids: readonly SampleGrid[];
  /** The newest scores by a judge, and of a classifier; of the summary, else of the newest event. */
  readonly quality: unknown;
  readonly scores: unknown;
  /** Where the time of all steps went, over all starts of the run; undefined where nobody wrote it down. */
  readonly phases: PhaseSeconds | undefined;
  /** The same of the last start, with its workers. */
  readonly lastPhases: RunPhases | undefined;
  /** One sentence each, without its full stop. */
  readonly faults: readonly string[];
}

/**
 * @param now milliseconds since 1970, to tell whether somebody has the run open.
 * @throws RunError `run-missing`; an error of the system.
 */
export async function readRunRecord(run: string, now: number): Promise<RunRecord> {
  const there = await stat(join(run, 'config.json')).catch(() => undefined);
  if (!there) throw new RunError('run-missing', `there is no run in ${run}`);
  const faults: string[] = [];
  const object = async (name: string) => {
    try {
      return await readObject(run, name);
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      faults.push(`${name} is damaged`);
      return undefined;
    }
  };
  const config = (await object('config.json')) ?? {};
  const summary = await object('summary.json');

  const time = new RunTime();
  const newest = new Map<string, LoggedEvent>();
  const profiles = new Profiles();
  let unread = 0;
  const isThere = await eachLine(run, 'events.jsonl', (text) => {
    const event = loggedEvent(text);
    if (!event) {
      unread++;
      return;
    }
    time.add(event);
    newest.set(event.type, event);
    if (event.type === 'joined') profiles.hear(event['profile']);
  });
  if (!isThere) faults.push('there is no events.jsonl: what happened when is not known');
  if (unread > 0) faults.push(`${unread === 1 ? 'a line' : `${unread} lines`} of events.jsonl cannot be read`);

  const columns = new Columns(time.seconds);
  const workforce = new Workforce(columns);
  const happenings = new Happenings(columns, workforce);
  const times = new RunTimes(time);
  const last = newest.size > 0 ? Math.max(...[...newest.values()].map(({ seq }) => seq)) : 0;
  await eachLine(run, 'events.jsonl', (text) => {
    const event = loggedEvent(text);
    // A run that goes on has written more meanwhile.
    if (event && event.seq <= last) happenings.add(event, times.of(event));
  });
  happenings.end();

  const ledger = await readLedgerOf(run, ({ step, results }) => workforce.worked(results, time.stepEnd(step)));
  if (ledger.fault !== undefined) faults.push(ledger.fault);

  let phases: PhaseSeconds | undefined;
  let unreadNumbers = 0;
  const curves = await new RunCurves(run).read((line) => {
    if (line === undefined) {
      unreadNumbers++;
      return;
    }
    const more = phasesOfLine(line);
    if (more) phases = phases ? sumPhases([phases, more]) : more;
  });
  if (!(await exists(run, 'metrics.jsonl'))) faults.push('there is no metrics.jsonl: there are no curves');
  if (unreadNumbers > 0) {
    faults.push(`${unreadNumbers === 1 ? 'a line' : `${unreadNumbers} lines`} of metrics.jsonl cannot be read`);
  }
  const answer = await askState(run, now);
  return {
    id: basename(resolve(run)),
    state: stateOf(answer, { summary, state: newest.get('state'), closed: newest.get('step-closed') }),
    config,
    summary,
    time,
    columns,
    happenings,
    workforce,
    ledger,
    profiles,
    curves,
    grids: await sampleGrids(run),
    quality: member(summary, 'quality') ?? newest.get('evaluated'),
    scores: member(summary, 'scores') ?? newest.get('scored'),
    phases,
    lastPhases: phasesOfSummary(summary),
    faults,
  };
}

/** @returns false if there is no such file. @throws an error of the system. */
async function eachLine(run: string, name: string, take: (text: string | null) => void): Promise<boolean> {
  for await (const lines of new LineFollower(join(run, name)).added()) for (const { text } of lines) take(text);
  return exists(run, name);
}

async function exists(run: string, name: string): Promise<boolean> {
  return (await stat(join(run, name)).catch(() => undefined)) !== undefined;
}
