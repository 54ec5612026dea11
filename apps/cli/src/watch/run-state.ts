/** What state a run is in, as everything that can be seen of it from outside tells. */
import { lockHolder } from '@gradcast/run-folder';
import type { LockHolder } from '@gradcast/run-folder';
import { member, word } from '@gradcast/watching';
import type { LoggedEvent } from '@gradcast/watching';
import { ControlClient } from '../control-client.ts';
import type { Answer } from '../control-client.ts';
import { isFinal } from './run-files.ts';

/** A coordinator of this machine answers within milliseconds; a list does not wait long for one that does not. */
const PATIENCE_MS = 2_000;

export interface RunAnswer {
  readonly holder: LockHolder;
  /** What the coordinator says; undefined if none answers. */
  readonly answer: Answer | undefined;
}

/** Asks a run's coordinator where the run stands, if somebody has it open. */
export async function askState(run: string, now: number): Promise<RunAnswer> {
  const holder = await lockHolder(run, now);
  if (holder !== 'held') return { holder, answer: undefined };
  const client = await ControlClient.find(run, PATIENCE_MS).catch(() => undefined);
  return { holder, answer: await client?.ask('GET', '/state').catch(() => undefined) };
}

export interface RunTraces {
  readonly summary: object | undefined;
  /** The newest event of type `state`. */
  readonly state: LoggedEvent | undefined;
  /** The newest of type `step-closed`. */
  readonly closed: LoggedEvent | undefined;
}

/** One of a run's states, or `pausing`, or `killed`: what follows from an answer and from what the folder has. */
export function stateOf({ holder, answer }: RunAnswer, { summary, state, closed }: RunTraces): string {
  if (answer) return answer['pausing'] === true ? 'pausing' : word(answer, 'state');
  const last = member(state, 'to');
  // It does not answer, which a run on another machine, or one that is only being set up, cannot.
  if (holder === 'held') {
    if (last === undefined) return closed ? 'running' : 'setting-up';
    return isFinal(last) ? 'setting-up' : word(state, 'to');
  }
  if (member(summary, 'status') !== undefined) return word(summary, 'status');
  if (isFinal(last)) return word(state, 'to');
  return holder === 'abandoned' ? 'killed' : 'failed';
}
