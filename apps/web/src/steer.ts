/** What an operator may do now, and what is said of what came of it. Pure. */
import type { ViewActed, ViewWorker } from '@gradcast/protocol';
import { isOver, sentence } from './answers.ts';
import type { Link } from './feed.ts';
import type { Model } from './model.ts';

export type Act = 'pause' | 'resume' | 'drain' | 'stop';

/** What came of a request: status 0 where nobody answered. */
export interface Outcome {
  readonly status: number;
  readonly body: unknown;
}

/** What there is to press. */
export interface Controls {
  /** What the first button does. */
  readonly first: 'pause' | 'resume';
  /** Whether anything can be done at this moment. */
  readonly isReady: boolean;
  /** Who is told as whom it steers. */
  readonly said: string;
}

/** @returns undefined for whoever does not steer, and once there is nothing to steer. */
export function controlsOf({ you, now }: Pick<Model, 'you' | 'now'>, link: Link): Controls | undefined {
  if (you.steering !== 'yours' || isOver(now.state)) return undefined;
  const isEnding = now.state === 'stopping' || now.state === 'draining';
  return {
    first: now.state === 'paused' || now.pausing ? 'resume' : 'pause',
    isReady: link === 'live' && !isEnding,
    said: you.name === null ? '' : `as ${you.name}`,
  };
}

/** Whether there is a use in asking for an operator's token. */
export function mayBecomeOperator({ you, now }: Pick<Model, 'you' | 'now'>): boolean {
  return you.steering === 'others' && !isOver(now.state);
}

/** Whether a worker may be asked to go. */
export function mayDrain({ you, now }: Pick<Model, 'you' | 'now'>, { state }: Pick<ViewWorker, 'state'>): boolean {
  return you.steering === 'yours' && !isOver(now.state) && state !== 'leaving';
}

/** What came of an act, as a sentence. @param worker that it is about. */
export function saidOf(act: Act, { status, body }: Outcome, worker = ''): string {
  if (status === 0) return 'The coordinator does not answer; it may have heard all the same.';
  if (status === 401) return 'Your session is over: enter the token again.';
  if (status === 429) return 'Too many at once; wait a little.';
  const said = Object(body) as Partial<ViewActed> & { readonly sentence?: unknown };
  if (status !== 200) {
    return typeof said.sentence === 'string' ? sentence(said.sentence) : 'It was refused.';
  }
  const { changed, pausing, step } = said;
  switch (act) {
    case 'pause':
      if (pausing === true) return `The run pauses when step ${Number(step)} closes.`;
      return changed === true ? 'The run is paused.' : 'It was paused already.';
    case 'resume':
      return changed === true ? 'The run goes on.' : 'It was not paused.';
    case 'drain':
      return changed === true ? `${worker} finishes what it has and goes.` : `${worker} was asked to go already.`;
    case 'stop':
      return changed === true ? 'The run stops with a checkpoint.' : 'It was ending already.';
    default:
      return act satisfies never;
  }
}

/** The command that goes on with a run, as a shell takes it. */
export function resumeCommand(folder: string): string {
  const isPlain = /^[\w./:@%+=-]+$/.test(folder);
  return `gradcast train --resume ${isPlain ? folder : `'${folder.replaceAll("'", String.raw`'\''`)}'`}`;
}

/** Shortest token; names of places on the page are shorter. */
const TOKEN_CHARACTERS = 16;

/** The token in an address, behind its `#`; one that was mistyped is as it stands there. */
export function tokenIn(hash: string): string | undefined {
  const written = hash.slice(1);
  const token = decoded(written) ?? written;
  return token.length >= TOKEN_CHARACTERS ? token : undefined;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Why a token opened nothing. */
export function saidOfRefusal({ status }: Outcome, wanted: 'viewer' | 'operator'): string {
  if (status === 0) return 'The coordinator does not answer.';
  if (status === 429) return 'Too many tries; wait a little.';
  return `This is not the token of ${wanted === 'viewer' ? 'a viewer' : 'an operator'}.`;
}
