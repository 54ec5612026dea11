import { describe, expect, it } from 'vitest';
import { RUN_STATES } from '../events.ts';
import type { Cause, RunStateName } from '../events.ts';
import { FIRST_STATE, nextState, RunControl, sentenceOfEnd } from './control.ts';
import type { EndingCause, RunState } from './control.ts';

const READY: Cause = { kind: 'ready' };
const REACHED: Cause = { kind: 'quorum-reached' };
const LOST: Cause = { kind: 'quorum-lost' };
const CLOSED: Cause = { kind: 'step-closed' };
const PAUSE: Cause = { kind: 'operator', operation: 'pause', by: 'ann' };
const RESUME: Cause = { kind: 'operator', operation: 'resume', by: 'ann' };
const STOP: EndingCause = { kind: 'operator', operation: 'stop', by: 'ann' };
const SIGNAL: EndingCause = { kind: 'signal', signal: 'SIGINT' };
const NOBODY: EndingCause = { kind: 'no-workers', seconds: 60 };
const ALONE: EndingCause = { kind: 'alone' };
const DEFECT: EndingCause = { kind: 'defect', sentence: 'a defect' };
const DISK: EndingCause = { kind: 'disk' };
const DIVERGED: EndingCause = { kind: 'diverged', sentence: 'not finite' };
const END: EndingCause = { kind: 'end' };
const EARLY: EndingCause = { kind: 'early-stop', metric: 'frechet', best: 9, bestStep: 3, waited: 2 };
const OVER: Cause = { kind: 'over' };
const EVERY = [
  READY,
  REACHED,
  LOST,
  CLOSED,
  PAUSE,
  RESUME,
  STOP,
  SIGNAL,
  NOBODY,
  ALONE,
  DEFECT,
  DISK,
  DIVERGED,
  END,
  EARLY,
  OVER,
];

/** Where causes lead one after the other; `+` is a pause that is asked for. */
function through(...causes: Cause[]): string {
  return shown(causes.reduce(nextState, FIRST_STATE));
}

function shown({ name, pausing }: RunState): string {
  return pausing ? `${name}+` : name;
}

/** States with steps before them, and how one gets there. */
const OPEN: Readonly<Record<string, readonly Cause[]>> = {
  'setting-up': [],
  'setting-up+': [PAUSE],
  'waiting-for-workers': [READY],
  running: [READY, REACHED],
  'running+': [READY, REACHED, PAUSE],
  paused: [READY, PAUSE],
};

describe('every cause in every state before the end', () => {
  const leads: Readonly<Record<string, Partial<Record<string, string>>>> = {
    'setting-up': { ready: 'waiting-for-workers', pause: 'setting-up+' },
    'setting-up+': { ready: 'paused', resume: 'setting-up' },
    'waiting-for-workers': { 'quorum-reached': 'running', pause: 'paused' },
    running: { 'quorum-lost': 'waiting-for-workers', pause: 'running+' },
    'running+': { 'quorum-lost': 'paused', 'step-closed': 'paused', resume: 'running' },
    paused: { resume: 'waiting-for-workers' },
  };
  const ends: Readonly<Partial<Record<string, string>>> = {
    stop: 'stopping',
    signal: 'stopping',
    'no-workers': 'stopping',
    alone: 'stopping',
    defect: 'stopping',
    disk: 'stopping',
    diverged: 'draining',
    end: 'draining',
    'early-stop': 'draining',
  };
  const cases = Object.keys(OPEN).flatMap((state) => EVERY.map((cause) => ({ state, cause, named: nameOf(cause) })));

  it.each(cases)('$state, $named', ({ state, cause, named }) => {
    expect(through(...OPEN[state])).toBe(state);
    expect(through(...OPEN[state], cause)).toBe(ends[named] ?? leads[state][named] ?? state);
  });
});

function nameOf(cause: Cause): string {
  return cause.kind === 'operator' ? cause.operation : cause.kind;
}

describe('the end', () => {
  it.each<[Cause, RunStateName]>([
    [STOP, 'stopped'],
    [SIGNAL, 'stopped'],
    [NOBODY, 'abandoned'],
    [ALONE, 'failed'],
    [DEFECT, 'failed'],
    [DISK, 'failed'],
    [DIVERGED, 'diverged'],
    [END, 'completed'],
    [EARLY, 'completed'],
  ])('for %o is called %s', (cause, final) => {
    expect(through(READY, REACHED, cause, OVER)).toBe(final);
  });

  it('has the first reason, whatever follows, but a defect comes first', () => {
    expect(through(READY, NOBODY, SIGNAL, STOP, END, RESUME, PAUSE, REACHED, OVER)).toBe('abandoned');
    expect(through(READY, SIGNAL, DEFECT, OVER)).toBe('failed');
    expect(through(READY, END, SIGNAL, OVER)).toBe('completed');
  });

  it('is not completed if its last state is not safe, and stays what it is otherwise', () => {
    expect(through(READY, END, DISK, OVER)).toBe('failed');
    expect(through(READY, EARLY, DISK, OVER)).toBe('failed');
    expect(through(READY, DIVERGED, DISK, OVER)).toBe('diverged');
    expect(through(READY, SIGNAL, DISK, OVER)).toBe('stopped');
  });

  it('is final', () => {
    for (const cause of [STOP, NOBODY, ALONE, DIVERGED, END]) {
      const final = [READY, cause, OVER].reduce(nextState, FIRST_STATE);
      for (const later of EVERY) expect(nextState(final, later)).toBe(final);
    }
  });

  it('has a sentence for each reason', () => {
    const ends = [STOP, SIGNAL, NOBODY, ALONE, DEFECT, DISK, DIVERGED, END, EARLY];
    for (const cause of ends) expect(sentenceOfEnd(cause)).toMatch(/^[a-z].*[a-z]$/);
  });

  it('leaves no state out', () => {
    const reached = new Set<string>();
    for (const [, causes] of Object.entries(OPEN)) {
      for (const cause of EVERY) reached.add(through(...causes, cause)).add(through(...causes, cause, OVER));
    }
    expect([...RUN_STATES].filter((name) => !reached.has(name))).toEqual([]);
  });
});

describe('RunControl', () => {
  it('tells each change once, with its cause, and nothing of what changes nothing', () => {
    const control = new RunControl();
    const told: string[] = [];
    const unsubscribe = control.onChange((state, before, cause) =>
      told.push(`${shown(before)} -> ${shown(state)}: ${nameOf(cause)}`),
    );
    expect([READY, READY, REACHED, PAUSE, PAUSE, CLOSED].map((cause) => control.apply(cause))).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
    ]);
    unsubscribe();
    control.apply(RESUME);
    expect(told).toEqual([
      'setting-up -> waiting-for-workers: ready',
      'waiting-for-workers -> running: quorum-reached',
      'running -> running+: pause',
      'running+ -> paused: step-closed',
    ]);
  });

  it('opens no step once a pause is asked for, and none at the end', () => {
    const control = new RunControl();
    const mayOpen = (cause: Cause) => (control.apply(cause), control.mayOpen);
    expect([READY, REACHED, PAUSE, CLOSED, RESUME, SIGNAL, OVER].map(mayOpen)).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
      false,
    ]);
  });

  it.each([RESUME, STOP])('keeps who waits until the pause is over (%o)', async (cause) => {
    const control = new RunControl();
    let over = false;
    await control.untilNotPaused();
    control.apply(READY);
    control.apply(PAUSE);
    const waiting = control.untilNotPaused().then(() => (over = true));
    await Promise.resolve();
    expect(over).toBe(false);
    control.apply(cause);
    await waiting;
    expect(over).toBe(true);
  });
});
