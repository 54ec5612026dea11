import { FASHION_MNIST, MNIST } from '@gradcast/dataset';
import { judgesOf } from '@gradcast/judge';
import type { Trouble } from '@gradcast/task';
import { builtinTask } from '@gradcast/tasks';
import { describe, expect, it } from 'vitest';
import { GridClasses, readingOf } from './grid-classes.ts';
import type { ClassReply } from './grid-classes.ts';

const [judge] = judgesOf(MNIST.sha256);
const classes = { shares: [0.5, 0.5], entropy: Math.LN2, confidence: 1, holding: 2 };
const task = (preset: string) => builtinTask({ preset, task: null })!;

describe('readingOf', () => {
  it('is by the first judge of MNIST, once the least of what the troubles of GANs wait for was seen', () => {
    for (const preset of ['mnist', 'conditional', 'dcgan', 'classic', 'tutorial']) {
      expect(readingOf(task(preset), MNIST.sha256)).toEqual({ judge, afterImages: 20_000 });
    }
  });

  it('is none of other data, of other outputs, and where nobody looks at classes', () => {
    expect(readingOf(task('mnist'), FASHION_MNIST.sha256)).toBeUndefined();
    expect(readingOf(task('mnist'), 'ab'.repeat(32))).toBeUndefined();
    expect(readingOf(task('classifier'), MNIST.sha256)).toBeUndefined();
    expect(readingOf({ ...task('mnist'), troubles: [] }, MNIST.sha256)).toBeUndefined();
  });

  it('is of all grids where a trouble waits for nothing', () => {
    const trouble: Trouble = {
      ...{ name: 'few', sentence: 'few classes are left', advice: 'wait' },
      conditions: [{ signs: [{ of: 'sample_entropy', is: 'below', bound: 1, clear: 1 }], observations: 1 }],
    };
    expect(readingOf({ ...task('mnist'), troubles: [trouble] }, MNIST.sha256)?.afterImages).toBe(0);
  });
});

function setUp(answer: () => Promise<ClassReply>) {
  const told = { failed: [] as string[], asked: 0, closed: 0 };
  const reader = new GridClasses({
    ...{ judge, afterImages: 100, limitMs: 20 },
    onFailed: (sentence) => void told.failed.push(sentence),
    thread: {
      ask: () => {
        told.asked += 1;
        return answer();
      },
      close: () => {
        told.closed += 1;
        return Promise.resolve();
      },
    },
  });
  return { reader, told };
}

describe('GridClasses', () => {
  const images = () => new Uint8Array(784);

  it('reads grids of models that have seen enough', async () => {
    const { reader, told } = setUp(() => Promise.resolve({ classes }));
    expect([reader.isRead(100), reader.isRead(101)]).toEqual([false, true]);
    expect(await reader.read(images())).toEqual(classes);
    expect(told).toEqual({ failed: [], asked: 1, closed: 0 });
  });

  it('says once that it cannot, and reads no more', async () => {
    const { reader, told } = setUp(() => Promise.resolve({ failed: "the judge's weights x cannot be read" }));
    expect(await reader.read(images())).toBeNull();
    expect(await reader.read(images())).toBeNull();
    expect(reader.isRead(101)).toBe(false);
    expect(told.failed).toEqual(["no classes are read in sample grids: the judge's weights x cannot be read"]);
  });

  it('gives up a thread that does not answer', async () => {
    let end: (error: Error) => void;
    const { reader, told } = setUp(() => new Promise((_, reject) => (end = reject)));
    const reading = reader.read(images());
    await expect.poll(() => told.closed).toBe(1);
    end!(new Error('the class thread ended with code 1'));
    expect(await reading).toBeNull();
    expect(told.failed).toEqual(['no classes are read in sample grids: the class thread ended with code 1']);
  });

  it('says nothing of a thread that ends with the run', async () => {
    let end: (error: Error) => void;
    const { reader, told } = setUp(() => new Promise((_, reject) => (end = reject)));
    const reading = reader.read(images());
    await reader.close();
    end!(new Error('the class thread ended with code 1'));
    expect(await reading).toBeNull();
    expect(told.failed).toEqual([]);
  });
});
