import { describe, expect, it } from 'vitest';
import { nowOf, snapshotOf, worker } from './for-tests/snapshot.ts';
import { withSnapshot } from './model.ts';
import { controlsOf, mayBecomeOperator, mayDrain, resumeCommand, saidOf, saidOfRefusal, tokenIn } from './steer.ts';
import type { Act } from './steer.ts';

type Steering = 'off' | 'others' | 'yours';
const modelOf = (steering: Steering, now: Parameters<typeof nowOf>[0] = {}, name: string | null = 'oz') =>
  withSnapshot(undefined, snapshotOf({ you: { name, steering }, now: nowOf(now) }));

describe('the buttons', () => {
  it.each(['off', 'others'] as const)('are not there where steering is %s', (steering) => {
    const model = modelOf(steering);
    expect([controlsOf(model, 'live'), mayDrain(model, worker('a'))]).toEqual([undefined, false]);
    expect(mayBecomeOperator(model)).toBe(steering === 'others');
  });

  it('do what can be done', () => {
    const first = (now: Parameters<typeof nowOf>[0]) => controlsOf(modelOf('yours', now), 'live')?.first;
    expect(first({})).toBe('pause');
    expect(first({ pausing: true })).toBe('resume');
    expect(first({ state: 'paused' })).toBe('resume');
    expect(first({ state: 'waiting-for-workers' })).toBe('pause');
    expect(controlsOf(modelOf('yours'), 'live')).toEqual({ first: 'pause', isReady: true, said: 'as oz' });
    expect(controlsOf(modelOf('yours', {}, null), 'live')?.said).toBe('');
  });

  it('wait while nothing is heard or the run ends, and go with it', () => {
    expect(controlsOf(modelOf('yours'), 'lost')?.isReady).toBe(false);
    for (const state of ['stopping', 'draining']) {
      expect(controlsOf(modelOf('yours', { state }), 'live')?.isReady).toBe(false);
    }
    const over = modelOf('yours', { state: 'stopped' });
    expect([controlsOf(over, 'live'), mayDrain(over, worker('a'))]).toEqual([undefined, false]);
    expect(mayBecomeOperator(modelOf('others', { state: 'stopped' }))).toBe(false);
  });

  it('are there for each worker that is not going already', () => {
    const model = modelOf('yours');
    expect(['idle', 'leased', 'leaving'].map((state) => mayDrain(model, { state }))).toEqual([true, true, false]);
  });
});

describe('what came of an act', () => {
  it.each<[Act, object, string]>([
    ['pause', { changed: true, pausing: true, step: 7 }, 'The run pauses when step 7 closes.'],
    ['pause', { changed: false, pausing: true, step: 7 }, 'The run pauses when step 7 closes.'],
    ['pause', { changed: true, pausing: false, step: 7 }, 'The run is paused.'],
    ['pause', { changed: false, pausing: false }, 'It was paused already.'],
    ['resume', { changed: true }, 'The run goes on.'],
    ['resume', { changed: false }, 'It was not paused.'],
    ['drain', { changed: true }, 'bob finishes what it has and goes.'],
    ['drain', { changed: false }, 'bob was asked to go already.'],
    ['stop', { changed: true }, 'The run stops with a checkpoint.'],
    ['stop', { changed: false }, 'It was ending already.'],
  ])('%s with %j is told', (act, body, sentence) => {
    expect(saidOf(act, { status: 200, body }, 'bob')).toBe(sentence);
  });

  it.each([
    [0, undefined, 'The coordinator does not answer; it may have heard all the same.'],
    [401, {}, 'Your session is over: enter the token again.'],
    [429, {}, 'Too many at once; wait a little.'],
    [404, { sentence: 'no worker "bob" is connected' }, 'No worker "bob" is connected.'],
    [500, 'no JSON', 'It was refused.'],
    [403, null, 'It was refused.'],
  ])('is told as well where it is %d', (status, body, sentence) => {
    expect(saidOf('drain', { status, body }, 'bob')).toBe(sentence);
  });
});

it('a run is gone on with by a command that a shell takes', () => {
  expect(resumeCommand('runs/20261129-101500-mnist')).toBe('gradcast train --resume runs/20261129-101500-mnist');
  expect(resumeCommand("my runs/it's")).toBe(String.raw`gradcast train --resume 'my runs/it'\''s'`);
});

describe('a token in an address', () => {
  it.each([
    ['#0123456789abcdef', '0123456789abcdef'],
    ['#0123456789%2Babcdef', '0123456789+abcdef'],
    ['', undefined],
    ['#workers', undefined],
    ['#0123456789abcde', undefined],
    ['#0123456789abcdef%', '0123456789abcdef%'],
    ['#%', undefined],
  ])('of %j is %j', (hash, token) => {
    expect(tokenIn(hash)).toBe(token);
  });

  it('is refused in words', () => {
    const said = (status: number) => saidOfRefusal({ status, body: undefined }, 'operator');
    expect([0, 429, 403].map(said)).toEqual([
      'The coordinator does not answer.',
      'Too many tries; wait a little.',
      'This is not the token of an operator.',
    ]);
    expect(saidOfRefusal({ status: 403, body: {} }, 'viewer')).toBe('This is not the token of a viewer.');
  });
});
