import type { Quality } from '@gradcast/config';
import { describe, expect, it } from 'vitest';
import { Evaluations } from './evaluations.ts';
import type { EvaluationReply, EvaluationRequest } from './evaluations.ts';

const scores = {
  ...{ precision: 1, recall: 1, density: 1, coverage: 1, entropy: 2, confidence: 1, nearestRatio: 1 },
  ...{ shares: [0.4, 0.6], heldOut: {} },
};
const qualityOf = (step: number): Quality => ({
  step,
  judge: '0',
  samples: 10,
  frechet: step,
  kernelDistance: 0,
  ...scores,
});
const weights = () => new Float32Array(3);

function setUp(patienceMs?: number, limitMs?: number) {
  const asked: { request: EvaluationRequest; answer: (reply: EvaluationReply | Error) => void }[] = [];
  const told = { failed: [] as string[], evaluated: [] as number[] };
  const threads = { ended: 0 };
  const evaluations = new Evaluations({
    identity: { preset: 'mnist', task: null },
    taskFile: null,
    data: null,
    count: 10,
    ...(patienceMs === undefined ? {} : { patienceMs }),
    ...(limitMs === undefined ? {} : { limitMs }),
    onFailed: (sentence) => void told.failed.push(sentence),
    onEvaluated: ({ step }) => void told.evaluated.push(step),
    thread: {
      ask: (request) =>
        new Promise((resolve, reject) => {
          const answer = (reply: EvaluationReply | Error) => (reply instanceof Error ? reject(reply) : resolve(reply));
          asked.push({ request, answer });
        }),
      close: () => {
        threads.ended += 1;
        // What it was asked last ends with it; an answer of before stands.
        asked.at(-1)?.answer(new Error('the thread ended'));
        return Promise.resolve();
      },
    },
  });
  return { asked, told, threads, evaluations };
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

  it('scores what a verdict waits for after what is under way, and leaves its weights as they are', async () => {
    const { asked, evaluations } = setUp();
    evaluations.evaluate(10, weights);
    const needed = Float32Array.of(1, 2, 3);
    const scored = evaluations.scoresOf(20, needed);
    await soon();
    expect(asked).toHaveLength(1);
    asked[0].answer({ quality: qualityOf(10) });
    await soon();
    expect(asked[1].request).toEqual({ step: 20, weights: needed });
    expect(asked[1].request.weights).not.toBe(needed);
    asked[1].answer({ quality: qualityOf(20) });
    expect(await scored).toEqual(qualityOf(20));
  });

  it('tries again in another thread, and says why it gave up', async () => {
    const { asked, threads, evaluations } = setUp();
    const scored = evaluations.scoresOf(20, weights());
    for (const [i, reply] of [{ failed: 'x' }, new Error('it died'), { quality: qualityOf(20) }].entries()) {
      await soon();
      expect([asked.length, threads.ended]).toEqual([i + 1, i]);
      asked[i].answer(reply);
    }
    expect(await scored).toEqual(qualityOf(20));
    const failing = evaluations.scoresOf(30, weights());
    for (const i of [3, 4, 5]) {
      await soon();
      asked[i].answer({ failed: `reason ${i}` });
    }
    await expect(failing).rejects.toThrow('reason 5');
    expect(asked).toHaveLength(6);
  });

  it('ends a thread that hangs, and does not try again once it is closed', async () => {
    const { asked, threads, evaluations } = setUp(undefined, 1);
    await expect(evaluations.scoresOf(20, weights())).rejects.toThrow('the thread ended');
    expect(asked).toHaveLength(3);
    expect(threads.ended).toBeGreaterThanOrEqual(3);
    const closing = setUp();
    const scored = closing.evaluations.scoresOf(20, weights());
    await soon();
    await closing.evaluations.close();
    await expect(scored).rejects.toThrow('the thread ended');
    expect(closing.asked).toHaveLength(1);
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
