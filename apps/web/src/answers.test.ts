import { describe, expect, it } from 'vitest';
import { answersOf, slowness } from './answers.ts';
import { event, nowOf, snapshotOf, worker } from './for-tests/snapshot.ts';
import { withSnapshot } from './model.ts';

const AT = 1000;
const answers = (changes: Parameters<typeof snapshotOf>[0] = {}, at = AT) => {
  const [learning, speed, slow, broken] = answersOf(withSnapshot(undefined, snapshotOf(changes)), at);
  return { learning, speed, slow, broken };
};

describe('is it learning', () => {
  it.each([
    [
      'a score that falls as it should',
      {
        frechet: [
          [10, 20],
          [200, 80],
        ],
      },
      'good',
      'Yes, it is getting better',
    ],
    [
      'one that was better',
      {
        frechet: [
          [10, 20, 30],
          [200, 50, 120],
        ],
      },
      'calm',
      'It was better before',
    ],
    [
      'one that grows',
      {
        frechet: [
          [10, 20],
          [100, 180],
        ],
      },
      'bad',
      'It is getting worse',
    ],
    [
      'one that stays',
      {
        frechet: [
          [10, 20],
          [100, 100.5],
        ],
      },
      'calm',
      'Not so far',
    ],
    [
      'an accuracy that grows',
      {
        accuracy: [
          [10, 20],
          [0.3, 0.9],
        ],
      },
      'good',
      'Yes, it is getting better',
    ],
    ['its first score', { frechet: [[10], [100]] }, 'calm', 'First score: 100'],
    [
      'one loss that falls',
      {
        loss: [
          [1, 2],
          [2, 1],
        ],
      },
      'good',
      'Yes, it is getting better',
    ],
    ['losses of two that compete', { loss_g: [[1], [2]], loss_d: [[1], [1]] }, 'calm', 'Look at the samples'],
    ['nothing yet', {}, 'busy', 'Too early to tell'],
  ] as const)('is answered by %s', (_, curves, tone, said) => {
    expect(answers({ curves }).learning).toMatchObject({ tone, said });
  });

  it('is answered by a trouble before all others', () => {
    const trouble = { trouble: 'x', began: true, step: 7, sentence: 'samples are alike', advice: 'lower --lr' };
    const { learning } = answers({
      events: [event(1, 'trouble', trouble)],
      curves: {
        frechet: [
          [1, 2],
          [9, 1],
        ],
      },
    });
    expect(learning).toMatchObject({
      tone: 'bad',
      said: 'In trouble since step 7',
      more: 'Samples are alike. Lower --lr.',
    });
  });
});

describe('how fast', () => {
  it.each([
    ['running', {}, 'good', '200 images/s'],
    ['paused', { state: 'paused' }, 'calm', 'Paused'],
    ['waiting', { state: 'waiting-for-workers', workers: [] }, 'bad', 'Waiting for workers'],
    ['before the first step', { imagesPerSecond: 0 }, 'busy', 'Getting ready'],
    ['at its end', { state: 'completed' }, 'calm', '200 images/s at last'],
  ] as const)('a run is that is %s', (_, now, tone, said) => {
    expect(answers({ now: nowOf(now) }).speed).toMatchObject({ tone, said });
  });

  it('it is not where no step closes any more', () => {
    const events = [event(80, 'step-closed', { seconds: 0.5, step: 10 })];
    expect(answers({ events }, 985).speed.tone).toBe('good');
    expect(answers({ events }, 1040).speed).toMatchObject({ tone: 'bad', said: 'No step for 1 min' });
  });
});

describe('who is slow', () => {
  it('is whoever is far behind the middle of the others', () => {
    const workers = [worker('a'), worker('b', { imagesPerSecond: 40 }), worker('c', { imagesPerSecond: 90 })];
    expect([...slowness(workers)]).toEqual([['b', 95 / 40]]);
    expect(answers({ now: nowOf({ workers }) }).slow).toMatchObject({ tone: 'busy', said: 'b: 2.4× slower' });
  });

  it.each([
    ['nobody', [worker('a'), worker('b')], 'good', 'Nobody'],
    ['one alone', [worker('a')], 'good', 'One worker does it all'],
    ['newcomers', [worker('a', { imagesPerSecond: null })], 'busy', 'Too early to tell'],
    ['whoever is parked', [worker('a'), worker('b', { state: 'parked' })], 'bad', 'b cannot keep up'],
    ['none at all', [], 'calm', 'Nobody works'],
  ] as const)('is %s', (_, workers, tone, said) => {
    expect(answers({ now: nowOf({ workers }) }).slow).toMatchObject({ tone, said });
  });
});

describe('what broke', () => {
  const lost = event(90, 'left', { worker: 'z', why: 'lost', reason: 'gone' });

  it('is nothing, whoever went as asked', () => {
    expect(answers({ events: [event(90, 'left', { worker: 'z', why: 'drained', reason: 'r' })] }).broken.said).toBe(
      'Nothing',
    );
  });

  it('is a lost worker, for a while', () => {
    expect(answers({ events: [lost] }).broken).toMatchObject({
      tone: 'bad',
      said: 'z was lost',
      more: expect.stringMatching(/^10 s ago/) as string,
    });
    expect(answers({ events: [lost] }, AT + 3600).broken.said).toBe('Nothing');
  });

  it('is a worker that gets no work, with why', () => {
    const workers = [worker('a'), worker('b', { state: 'quarantined', why: 'wrong replica' })];
    expect(answers({ now: nowOf({ workers }) }).broken).toMatchObject({
      said: 'b gets no work',
      more: 'Wrong replica.',
    });
  });
});
