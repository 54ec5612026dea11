import { describe, expect, it } from 'vitest';
import type { Cause } from '../events.ts';
import { EventStream } from '../records/event-stream.ts';
import { RunControl } from './control.ts';
import { obey } from './effects.ts';

const READY: Cause = { kind: 'ready' };
const REACHED: Cause = { kind: 'quorum-reached' };
const CLOSED: Cause = { kind: 'step-closed' };
const PAUSE: Cause = { kind: 'operator', operation: 'pause', by: 'ann' };
const RESUME: Cause = { kind: 'operator', operation: 'resume', by: 'ann' };
const STOP: Cause = { kind: 'operator', operation: 'stop', by: 'ann' };

function setUp(control = new RunControl()) {
  const done: string[] = [];
  const told: string[] = [];
  const clock = { ms: 0 };
  const stream = new EventStream({ wallClock: () => 0 });
  stream.read((event) => {
    if (event.type === 'state') told.push(`${event.from} -> ${event.to}${event.pausing ? '+' : ''}`);
  });
  const end = obey(
    control,
    {
      fleet: {
        stop: () => void done.push('stop'),
        hold: () => void done.push('hold'),
        release: () => void done.push('release'),
      },
      saving: { now: () => Promise.resolve(done.push('save') > 0) },
      telemetry: { stream, throughput: { postpone: (ms: number) => void done.push(`postpone ${ms}`) } as never },
      accounts: { paused: (ms: number) => void done.push(`paused ${ms}`) },
    },
    () => clock.ms,
  );
  const apply = (...causes: Cause[]) => causes.forEach((cause) => control.apply(cause));
  return { control, done, told, clock, end, apply };
}

describe('the states of a run', () => {
  it('hold the workers and save when it pauses, and make up for the time when it goes on', () => {
    const { apply, done, clock, told } = setUp();
    apply(READY, REACHED, PAUSE);
    expect(done).toEqual([]);
    apply(CLOSED);
    expect(done).toEqual(['hold', 'save']);
    clock.ms = 5000;
    apply(RESUME);
    expect(done.slice(2)).toEqual(['postpone 5000', 'paused 5000', 'release']);
    expect(told).toEqual([
      'setting-up -> waiting-for-workers',
      'waiting-for-workers -> running',
      'running -> running+',
      'running -> paused',
      'paused -> waiting-for-workers',
    ]);
  });

  it('stop the workers once, and release none that a pause held', () => {
    const { apply, done, told } = setUp();
    apply(READY, PAUSE, STOP, { kind: 'defect', sentence: 'a defect' });
    expect(done).toEqual(['hold', 'save', 'postpone 0', 'paused 0', 'stop']);
    expect(told.at(-1)).toBe('stopping -> stopping');
  });

  it('tell a pause that is withdrawn', () => {
    const { apply, done, told } = setUp();
    apply(READY, REACHED, PAUSE, RESUME);
    expect([done, told.slice(-2)]).toEqual([[], ['running -> running+', 'running -> running']]);
  });

  it('are obeyed by a run that was stopped while it was set up', () => {
    const control = new RunControl();
    control.apply(STOP);
    expect(setUp(control).done).toEqual(['stop']);
  });

  it('are obeyed no more afterwards', () => {
    const { apply, done, end } = setUp();
    end();
    apply(READY, PAUSE);
    expect(done).toEqual([]);
  });
});
