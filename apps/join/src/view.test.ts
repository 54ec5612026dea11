import { taskNames } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import { ANSWER } from './for-tests/answer.ts';
import type { Figures, Report, Stage } from './messages.ts';
import { factsOf } from './run-facts.ts';
import { viewOf } from './view.ts';
import type { Model } from './view.ts';

const run = factsOf(ANSWER)!;
const figures: Figures = {
  imagesPerSecond: 5,
  leavesComputed: 1234,
  leavesUsed: 1200,
  leavesChecked: 90,
  bytesReceived: 2_345_678,
  bytesSent: 12e9,
};

function view(stage: Stage, change: Partial<Report> = {}, model: Partial<Model> = {}) {
  const report = { stage, run, trouble: null, figures, ...change };
  return viewOf({ unable: undefined, report, isHeld: false, isOnline: true, ...model });
}

describe('before anything starts', () => {
  it('the visitor is asked', () => {
    expect(view({ name: 'idle' })).toMatchObject({
      status: 'Ready when you are',
      asks: true,
      canLeave: false,
      primary: { label: 'Start training', action: 'start', enabled: true },
      progress: { value: 4, max: 9, text: 'Step 4 of 9' },
    });
  });

  it('there is nothing to press until the run is found', () => {
    const nothing = viewOf({ unable: undefined, report: undefined, isHeld: false, isOnline: true });
    expect(nothing).toMatchObject({ status: 'Looking for the run', primary: { enabled: false }, figures: [] });
    const away = view({ name: 'idle' }, { run: null, trouble: { sentence: 'nobody there', isFinal: false } });
    expect(away).toMatchObject({ detail: 'Nobody there. Trying again.', tone: 'bad', primary: { enabled: false } });
  });

  it.each<[string, Partial<Report>, Partial<Model>, RegExp]>([
    ['the browser lacks something', {}, { unable: 'This browser has no SIMD.' }, /^This browser has no SIMD\.$/],
    ['the link has expired', { trouble: { sentence: 'the link has expired', isFinal: true } }, {}, /^The link has exp/],
    ['the task is one of its own', { run: { ...run, task: 'ab', preset: 'mine' } }, {}, /task of its own \(mine\)/],
    ['the task is not known', { run: { ...run, preset: 'toString' } }, {}, /task of its own \(toString\)/],
  ])('it says in one sentence why it cannot where %s', (_, change, model, sentence) => {
    const { status, detail, primary } = view({ name: 'idle' }, change, model);
    expect(status).toBe('This device cannot take part');
    expect(detail).toMatch(sentence);
    expect(detail.match(/[.!?]( |$)/g)).toHaveLength(1);
    expect(primary.enabled).toBe(false);
  });

  it('every task that comes with Gradcast is known and described', () => {
    for (const preset of taskNames) {
      const { subject, primary } = view({ name: 'idle' }, { run: { ...run, preset } });
      expect(primary.enabled).toBe(true);
      expect(subject).not.toBe(view({ name: 'idle' }, { run: { ...run, preset: 'other' } }).subject);
    }
  });

  it('an exact run leaves no choice of processor', () => {
    expect(view({ name: 'idle' }).canUseGpu).toBe(false);
    expect(view({ name: 'idle' }, { run: { ...run, exact: false } }).canUseGpu).toBe(true);
  });
});

describe('while it takes part', () => {
  it.each<[Stage, string, string]>([
    [{ name: 'loading' }, 'Loading', 'busy'],
    [{ name: 'joining' }, 'Joining', 'busy'],
    [{ name: 'working' }, 'Training', 'good'],
    [{ name: 'waiting', why: 'nothing' }, 'Connected, waiting for work', 'calm'],
    [{ name: 'waiting', why: 'run-paused' }, 'Waiting: the run is paused', 'calm'],
    [{ name: 'waiting', why: 'run-stopping' }, 'Waiting: the run is being stopped', 'calm'],
    [{ name: 'waiting', why: 'parked' }, 'Waiting: the connection is slow', 'calm'],
    [{ name: 'retrying', sentence: 'it broke' }, 'Connection lost', 'bad'],
    [{ name: 'recovering', sentence: 'it broke' }, 'The graphics processor was lost', 'busy'],
  ])('%o can be paused and left', (stage, status, tone) => {
    expect(view(stage)).toMatchObject({
      status,
      tone,
      asks: false,
      canLeave: true,
      primary: { label: 'Pause', action: 'pause', enabled: true },
    });
  });

  it('a run without a computer of its owner is waited for', () => {
    const { status } = view({ name: 'waiting', why: 'nothing' }, { run: { ...run, workers: 0 } });
    expect(status).toBe('Waiting for the run');
  });

  it('says what it did', () => {
    expect(view({ name: 'working' }).figures).toEqual([
      ['This device', '5.0 images/s'],
      ['Its share of the run', '40 %'],
      ['Micro-batches computed', '1,234'],
      ['Used in the model', '1,200'],
      ['Checked by others', '90'],
      ['Received, sent', '2.3 MB, 12.0 GB'],
      ['The whole run', '13 images/s'],
      ['Taking part', '2 tabs, 1 computer'],
    ]);
    expect(view({ name: 'idle' }).figures.map(([name]) => name)).toEqual(['The whole run', 'Taking part']);
  });

  it('has a title that tells from another tab', () => {
    expect([view({ name: 'working' }).title, view({ name: 'paused' }).title]).toEqual([
      '44 % training · Gradcast',
      'Help train · Gradcast',
    ]);
  });

  it('tells of a network that is gone, and of a battery that is low', () => {
    expect(view({ name: 'working' }, {}, { isOnline: false }).status).toBe('No network');
    const held = view({ name: 'paused' }, {}, { isHeld: true });
    expect([held.status, held.primary.enabled, held.canLeave]).toEqual(['Resting: the battery is low', false, true]);
    expect(view({ name: 'idle' }, {}, { isHeld: true }).primary.enabled).toBe(false);
  });

  it('goes on after a pause', () => {
    expect(view({ name: 'pausing' }).primary.enabled).toBe(false);
    expect(view({ name: 'paused' }).primary).toEqual({ label: 'Resume', action: 'start', enabled: true });
  });
});

describe('at the end', () => {
  it.each<[Extract<Stage, { name: 'ended' }>['how'], string, boolean]>([
    ['done', 'The run is over', false],
    ['dismissed', 'The run can do without this device', true],
    ['refused', 'This device was turned away', true],
    ['failed', 'This device cannot compute', true],
  ])('%s is told with its sentence', (how, status, canTryAgain) => {
    const shown = view({ name: 'ended', how, sentence: 'it is what it is' });
    expect(shown).toMatchObject({ status, canLeave: false, asks: false, primary: { enabled: canTryAgain } });
    expect(shown.detail).toMatch(/^It is what it is\./);
  });
});
