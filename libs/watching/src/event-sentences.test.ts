import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, eventSentence } from './event-sentences.ts';
import { loggedEvent } from './logged-event.ts';

const say = (event: object) => eventSentence(loggedEvent(JSON.stringify({ seq: 1, time: 0, ...event }))!);

describe('a sentence for an event', () => {
  it.each([
    [{ type: 'joined', name: 'a', role: 'trusted', backend: 'wasm', device: 'cpu' }, 'worker a joined (wasm on cpu)'],
    [
      { type: 'joined', name: 'a', role: 'volunteer', backend: 'wasm', device: 'cpu' },
      'volunteer a joined (wasm on cpu)',
    ],
    [{ type: 'left', worker: 'a', why: 'lost', reason: 'gone' }, 'worker a left: gone'],
    [{ type: 'drain-asked', worker: 'a', by: 'ann' }, 'worker a is drained: it finishes what it has and goes (by ann)'],
    [{ type: 'step-closed', step: 7, skipped: false, seconds: 0.25 }, 'step 7 closed in 0.250 s'],
    [{ type: 'step-closed', step: 7, skipped: true, seconds: 0 }, 'step 7 was skipped: the model would have diverged'],
    [
      { type: 'leased-again', worker: 'a', step: 3, first: 4, count: 4, why: 'expired' },
      'others may be asked for leaves 4 to 7 of step 3, which worker a has: its deadline has passed',
    ],
    [
      { type: 'parked', worker: 'a', bytesPerSecond: 40_000, neededBytesPerSecond: 2e6 },
      'worker a is parked: it takes 40 kB/s and needs 2.0 MB/s to keep up with the others',
    ],
    [
      { type: 'evaluated', step: 40, frechet: 12.34, precision: 0.5, recall: 0.25 },
      'samples after step 40: Fréchet distance 12.3, precision 0.50, recall 0.25',
    ],
    [
      { type: 'distrusted', worker: 'v', step: 5, uses: [{ step: 4, start: 0, size: 2 }] },
      'the volunteer v sent a wrong result for step 5; since it was right last 2 leaves of it are in the model, ' +
        'unchecked; the ledger names them',
    ],
    [
      { type: 'trouble', trouble: 'collapse', step: 9, began: true, sentence: 'samples are alike', advice: 'wait' },
      'step 9: samples are alike; wait (collapse)',
    ],
    [{ type: 'later', new: 1 }, 'later {"new":1}'],
  ])('%j', (event, sentence) => {
    expect(say(event)).toBe(sentence);
  });

  it.each([
    ['running', 'paused', { kind: 'step-closed' }, 'the run is paused; gradcast resume goes on with it'],
    ['paused', 'running', { kind: 'operator', operation: 'resume' }, 'the run goes on'],
    ['paused', 'running', { kind: 'operator', operation: 'resume', by: 'ann' }, 'the run goes on (by ann)'],
    [
      'waiting-for-workers',
      'paused',
      { kind: 'operator', operation: 'pause', by: "the page's link" },
      "the run is paused; gradcast resume goes on with it (by the page's link)",
    ],
    [
      'running',
      'stopping',
      { kind: 'operator', operation: 'stop', by: 'a\u001b[2J' },
      'the operator stops the run; stopping with a checkpoint (by a?[2J)',
    ],
    [
      'running',
      'stopping',
      { kind: 'operator', operation: 'stop' },
      'the operator stops the run; stopping with a checkpoint',
    ],
    ['running', 'stopping', { kind: 'signal', signal: 'SIGINT' }, 'SIGINT has come; stopping with a checkpoint'],
    ['waiting-for-workers', 'running', { kind: 'quorum-reached' }, 'enough workers are there; the run trains'],
    ['draining', 'completed', { kind: 'over' }, 'the run has completed'],
    [
      'running',
      'draining',
      { kind: 'early-stop', metric: 'frechet', waited: 3 },
      'frechet has not become better for 3 evaluations; the run ends',
    ],
  ])('from %s to %s by %j', (from, to, cause, sentence) => {
    expect(say({ type: 'state', from, to, pausing: false, cause })).toBe(sentence);
  });

  it('is nothing that a terminal obeys, and never fails, whatever an event holds', () => {
    expect(say({ type: 'left', worker: 'a', reason: 'x\u001b[2J\u202ey' })).toBe('worker a left: x?[2J?y');
    for (const type of EVENT_TYPES) expect(say({ type, cause: 3, uses: 'no list' })).toMatch(/\S/);
  });
});
