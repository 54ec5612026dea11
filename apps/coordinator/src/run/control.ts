/**
 * The state of a run, and the one place that changes it.
 *
 *     setting-up --ready--> waiting-for-workers <--quorum lost, reached--> running
 *                                  ^  |--pause--> paused <--its step closed, or quorum lost-- (pausing)
 *                                  '--resume-------'
 *     any of these     --signal, operator, no workers, alone, defect--> stopping --over--> stopped | abandoned | failed
 *     running or paused --last step closed, early stop, diverged-----> draining --over--> completed | diverged | failed
 *
 * Invariants: the first reason to end is the reason, but a defect comes before all others; a final state is never left; a
 * pause takes effect when the open step closes, or at once if nothing is computed.
 */
import type { Summary } from '@gradcast/config';
import type { Cause, RunStateName } from '../events.ts';

/** What ends a run. */
export type EndingCause = Extract<
  Cause,
  { kind: 'signal' | 'operator' | 'no-workers' | 'alone' | 'defect' | 'disk' | 'diverged' | 'end' | 'early-stop' }
>;

export interface RunState {
  readonly name: RunStateName;
  /** A pause is asked for and the open step has not closed. */
  readonly pausing: boolean;
  /** Why it is ending. */
  readonly ending: EndingCause | undefined;
}

export const FIRST_STATE: RunState = { name: 'setting-up', pausing: false, ending: undefined };

/** The state that a cause leads to; the same object if it changes nothing. */
export function nextState(state: RunState, cause: Cause): RunState {
  switch (state.name) {
    case 'setting-up':
    case 'waiting-for-workers':
    case 'running':
    case 'paused':
      return open(state, cause);
    case 'stopping':
    case 'draining':
      return ending(state, cause);
    case 'completed':
    case 'diverged':
    case 'abandoned':
    case 'stopped':
    case 'failed':
      return state;
    default:
      return state.name satisfies never;
  }
}

/** From a state in which steps may still come. */
function open(state: RunState, cause: Cause): RunState {
  const { name, pausing } = state;
  const to = (next: RunStateName): RunState =>
    next === name && !pausing ? state : { name: next, pausing: false, ending: undefined };
  switch (cause.kind) {
    case 'ready':
      return name === 'setting-up' ? to(pausing ? 'paused' : 'waiting-for-workers') : state;
    case 'quorum-reached':
      return name === 'waiting-for-workers' ? to('running') : state;
    case 'quorum-lost':
      return name === 'running' ? to(pausing ? 'paused' : 'waiting-for-workers') : state;
    case 'step-closed':
      return name === 'running' && pausing ? to('paused') : state;
    case 'operator':
      if (cause.operation === 'stop') return { name: 'stopping', pausing: false, ending: cause };
      if (cause.operation === 'resume') {
        if (name === 'paused') return to('waiting-for-workers');
        return pausing ? { ...state, pausing: false } : state;
      }
      if (name === 'waiting-for-workers') return to('paused');
      return name === 'paused' || pausing ? state : { ...state, pausing: true };
    case 'signal':
    case 'no-workers':
    case 'alone':
    case 'defect':
    case 'disk':
      return { name: 'stopping', pausing: false, ending: cause };
    case 'diverged':
    case 'end':
    case 'early-stop':
      return { name: 'draining', pausing: false, ending: cause };
    case 'over':
      return state;
    default:
      return cause satisfies never;
  }
}

/** From a state in which no further step comes. */
function ending(state: RunState, cause: Cause): RunState {
  if (cause.kind === 'over') return { ...state, name: finalOf(state.ending) };
  // What is not safe on the disk is not completed; for a run that ends for another reason that changes nothing.
  if (cause.kind === 'disk') return isComplete(state.ending) ? { ...state, ending: cause } : state;
  if (cause.kind === 'defect' && state.name === 'stopping') return { ...state, ending: cause };
  return state;
}

function finalOf(cause: EndingCause | undefined): RunStateName {
  switch (cause?.kind) {
    case 'signal':
    case 'operator':
      return 'stopped';
    case 'no-workers':
      return 'abandoned';
    case 'diverged':
      return 'diverged';
    case 'end':
    case 'early-stop':
      return 'completed';
    case 'alone':
    case 'defect':
    case 'disk':
    case undefined:
      return 'failed';
    default:
      return cause satisfies never;
  }
}

/** Whether all was done that was to be done. */
export function isComplete(cause: EndingCause | undefined): boolean {
  return cause?.kind === 'end' || cause?.kind === 'early-stop';
}

function isFinal(name: RunStateName): name is Summary['status'] {
  return ['completed', 'diverged', 'abandoned', 'stopped', 'failed'].includes(name);
}

/** What a cause that ends a run is called in a sentence. */
export function sentenceOfEnd(cause: EndingCause): string {
  switch (cause.kind) {
    case 'signal':
    case 'operator':
      return 'the run was stopped';
    case 'no-workers':
      return 'no worker came';
    case 'alone':
      return 'every local worker has ended';
    case 'disk':
      return 'the last checkpoint could not be written';
    case 'end':
      return 'the run is complete';
    case 'early-stop':
      return 'the run is complete: it ended early';
    case 'defect':
    case 'diverged':
      return cause.sentence;
    default:
      return cause satisfies never;
  }
}

export type StateListener = (state: RunState, before: RunState, cause: Cause) => void;

export class RunControl {
  #state: RunState = FIRST_STATE;
  readonly #listeners = new Set<StateListener>();

  get state(): RunState {
    return this.#state;
  }

  /** Whether no further step is opened: the run is ending, or has ended. */
  get isEnding(): boolean {
    return this.#state.ending !== undefined;
  }

  /** Whether a step may be opened now. */
  get mayOpen(): boolean {
    return !this.isEnding && !this.#state.pausing && this.#state.name !== 'paused';
  }

  /** Something happened. @returns whether it changed the state. */
  apply(cause: Cause): boolean {
    const before = this.#state;
    const next = nextState(before, cause);
    if (next === before) return false;
    this.#state = next;
    for (const listener of [...this.#listeners]) listener(next, before, cause);
    return true;
  }

  /** Nothing is left to do: the run has ended. @returns as what. */
  end(): Summary['status'] {
    this.apply({ kind: 'over' });
    const { name } = this.#state;
    return isFinal(name) ? name : 'failed';
  }

  /** Calls back at each change, in the order of the changes; the result unsubscribes. */
  onChange(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves as soon as the run is not paused. */
  untilNotPaused(): Promise<void> {
    return this.whenever(() => this.#state.name !== 'paused').reached;
  }

  /** Resolves as soon as a change has made something true, or at once if it is; `forget` waits no more. */
  whenever(isReached: () => boolean): { readonly reached: Promise<void>; readonly forget: () => void } {
    let forget = () => {};
    const reached = new Promise<void>((resolve) => {
      if (isReached()) return resolve();
      forget = this.onChange(() => {
        if (!isReached()) return;
        forget();
        resolve();
      });
    });
    return { reached, forget: () => forget() };
  }
}
