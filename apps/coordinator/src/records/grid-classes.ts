/**
 * Which classes the samples of grids are of, as a judge reads them, in a thread of its own that is started with the first. A judge
 * that cannot be had is told of once, and missed by nobody else.
 */
import type { ReadClasses } from '@gradcast/config';
import { MNIST } from '@gradcast/dataset';
import { isJudged, judgesOf } from '@gradcast/judge';
import type { JudgeRecord } from '@gradcast/judge';
import type { Task } from '@gradcast/task';
import { entryUrl } from '../entry.ts';
import { AskedThread } from './asked-thread.ts';

/** What the thread is started with. */
export interface ClassSettings {
  readonly judge: JudgeRecord;
}

/** `images`: those of a grid, `[count, 28, 28, 1]`, a byte a pixel. */
export interface ClassRequest {
  readonly images: Uint8Array<ArrayBuffer>;
}

export type ClassReply = { readonly classes: ReadClasses } | { readonly failed: string };

/** Who reads, and from how many images on that the model has seen: before that nobody looks at what is read. */
export interface Reading {
  readonly judge: JudgeRecord;
  readonly afterImages: number;
}

/**
 * How a task's grids are read: where one of its troubles looks at classes, and a judge knows them. Fashion-MNIST has judges, too, but
 * bounds were tried on no run of it, so its grids are not read.
 *
 * @param dataset SHA-256 of the run's data set.
 */
export function readingOf(
  { output, troubles = [] }: Pick<Task, 'output' | 'troubles'>,
  dataset: string,
): Reading | undefined {
  const beginnings = troubles
    .flatMap(({ conditions }) => conditions)
    .filter(({ signs }) => signs.some(({ of }) => of === 'sample_entropy'))
    .map(({ where = [] }) => where.find(({ of, is }) => of === 'images' && is === 'above')?.bound ?? 0);
  if (dataset !== MNIST.sha256 || !isJudged(output) || beginnings.length === 0) return undefined;
  return { judge: judgesOf(dataset)[0], afterImages: Math.min(...beginnings) };
}

export interface GridClassesOptions extends Reading {
  /** Told once; no more grids are read. */
  readonly onFailed: (sentence: string) => void;
  /** Another thread, in tests. */
  readonly thread?: Pick<AskedThread<ClassRequest, ClassReply>, 'ask' | 'close'>;
  /** A thread that takes longer than this is ended. */
  readonly limitMs?: number;
}

/** Reading takes some milliseconds, loading the judge a second or two. */
const LIMIT_MS = 60_000;

export class GridClasses {
  readonly #options: GridClassesOptions;
  readonly #thread: Pick<AskedThread<ClassRequest, ClassReply>, 'ask' | 'close'>;
  #hasFailed = false;

  constructor(options: GridClassesOptions) {
    const settings: ClassSettings = { judge: options.judge };
    const url = entryUrl('class-thread', import.meta.url);
    this.#options = options;
    this.#thread = options.thread ?? new AskedThread(url, { settings, title: 'class thread' });
  }

  /** Whether a grid of a model that has seen so many images is read. */
  isRead(images: number): boolean {
    return !this.#hasFailed && images > this.#options.afterImages;
  }

  /** @param images go to the thread. */
  async read(images: Uint8Array<ArrayBuffer>): Promise<ReadClasses | null> {
    const { limitMs = LIMIT_MS } = this.#options;
    const timer = setTimeout(() => void this.#thread.close(), limitMs);
    try {
      const reply = await this.#thread.ask({ images }, [images.buffer]);
      if ('classes' in reply) return reply.classes;
      return this.#failed(reply.failed);
    } catch (error) {
      return this.#failed(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#hasFailed = true;
    await this.#thread.close();
  }

  #failed(sentence: string): null {
    if (!this.#hasFailed) this.#options.onFailed(`no classes are read in sample grids: ${sentence}`);
    this.#hasFailed = true;
    return null;
  }
}
