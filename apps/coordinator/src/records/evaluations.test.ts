import type { Quality } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import { Evaluations } from './evaluations.ts';
import type { EvaluationReply, EvaluationRequest } from './evaluations.ts';

const scores = { precision: 1, recall: 1, density: 1, coverage: 1, entropy: 2, confidence: 1, nearestRatio: 1 };
const qualityOf = (step: number): Quality => ({
  step,
  judge: '0',
  samples: 10,
  frechet: step,
  kernelDistance: 0,
  ...scores,
});
const weights = () => new Float32Array(3);

function setUp(patienceMs?: number) {
  const asked: { request: EvaluationRequest; answer: (reply: EvaluationReply | Error) => void }[] = [];
  const told = { failed: [] as string[], evaluated: [] as number[] };
  const evaluations = new Evaluations({
    identity: { preset: 'mnist', task: null },
    taskFile: null,
    data: null,
    ...(patienceMs === undefined ? {} : { patienceMs }),
    onFailed: (sentence) => void told.failed.push(sentence),
    onEvaluated: ({ step }) => void told.evaluated.push(step),
    thread: {
      ask: (request) =>
        new Promise((resolve, reject) => {
          const answer = (reply: EvaluationReply | Error) => (reply instanceof Error ? reject(reply) : resolve(reply));
          asked.push({ request, answer });
        }),
      close: () => Promise.resolve(),
    },
  });
  return { asked, told, evaluations };
}

const soon = () => new Promise((resolve) => setImmediate(resolve));

describe('Evaluations', () => {
  it('scores one step at a time, and leaves out what is due meanwhile without copying anything', async () => {
    const { asked, told, evaluations } = setUp();
    evaluations.evaluate(10, weights);
    evaluations.evaluate(20, () => {
      throw new Error('parameters were copied');
    });
    expect(asked.map(({ request }) => request.step)).toEqual([10]);
    asked[0].answer({ quality: qualityOf(10) });
    await soon();
    expect(told.evaluated).toEqual([10]);
    expect(evaluations.newest).toEqual(qualityOf(10));
    evaluations.evaluate(30, weights);
    expect(asked.map(({ request }) => request.step)).toEqual([10, 30]);
  });

  it('scores the last step after the one under way', async () => {
    const { asked, told, evaluations } = setUp();
    evaluations.evaluate(10, weights);
    const last = evaluations.evaluateLast(15, weights);
    await soon();
    expect(asked).toHaveLength(1);
    asked[0].answer({ quality: qualityOf(10) });
    await soon();
    asked[1].answer({ quality: qualityOf(15) });
    await last;
    expect(told).toEqual({ failed: [], evaluated: [10, 15] });
    expect(evaluations.newest?.step).toBe(15);
  });

  it('does not wait for ever', async () => {
    const { told, evaluations } = setUp(1);
    await evaluations.evaluateLast(5, weights);
    expect(told.failed).toEqual(['the last evaluation was not there within 0.001 s']);
    expect(evaluations.newest).toBeNull();
  });

  it('tells each failure once and goes on', async () => {
    const { asked, told, evaluations } = setUp();
    for (const [i, reply] of [{ failed: 'x' }, { failed: 'x' }, new Error('the thread ended')].entries()) {
      evaluations.evaluate(i, weights);
      asked[i].answer(reply);
      await soon();
    }
    expect(told).toEqual({ failed: ['no evaluation: x', 'no evaluation: the thread ended'], evaluated: [] });
  });
});
