/**
 * Scores of the samples of the model in training, by a judge, in a thread of their own.
 *
 * Invariant: nothing waits for an evaluation but the end of the run and, with `--early-stop`, a verdict, each for a bounded time; the
 * same parameters get the same scores whenever they are scored.
 */
import type { Quality } from '@gradcast/config';
import type { TaskIdentity } from '@gradcast/task';
import { entryUrl } from '../entry.ts';
import { AskedThread } from './asked-thread.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** What the thread is started with. */
export interface EvaluationSettings {
  readonly identity: TaskIdentity;
  /** Path of the user's task file, or null. */
  readonly taskFile: string | null;
  /** Folder of the data set, or null for MNIST. */
  readonly data: string | null;
  /** Samples of each evaluation. */
  readonly count: number;
}

/** Score what these parameters give. */
export interface EvaluationRequest {
  readonly step: number;
  readonly weights: Float32Array<ArrayBuffer>;
}

export type EvaluationReply = { readonly quality: Quality } | { readonly failed: string };

type Thread = Pick<AskedThread<EvaluationRequest, EvaluationReply>, 'ask' | 'close'>;

export interface EvaluationsOptions extends EvaluationSettings {
  /** Told once for each sentence; the next evaluation is tried all the same. */
  readonly onFailed: (sentence: string) => void;
  readonly onEvaluated: (quality: Quality) => void;
  /** Another thread, in tests. */
  readonly thread?: Thread;
  /** How long the end of a run waits for the last evaluation. */
  readonly patienceMs?: number;
  /** How long one that a verdict waits for may take. */
  readonly limitMs?: number;
}

/** A slow machine needs a minute or two. */
const LAST_EVALUATION_MS = 600_000;
/** Far longer than any takes that comes to its end. */
const EVALUATION_LIMIT_MS = 1_800_000;
/** Tries for scores without which a run cannot go on: a thread that died is replaced. */
const TRIES = 3;

export class Evaluations {
  readonly #options: EvaluationsOptions;
  readonly #thread: Thread;
  readonly #told = new Set<string>();
  readonly #work = new OneAtATime();
  #newest: Quality | null = null;
  #closed = false;

  constructor(options: EvaluationsOptions) {
    const { identity, taskFile, data, count } = options;
    const settings: EvaluationSettings = { identity, taskFile, data, count };
    this.#options = options;
    const url = entryUrl('evaluation-thread', import.meta.url);
    this.#thread = options.thread ?? new AskedThread(url, { settings, title: 'evaluation thread' });
  }

  get newest(): Quality | null {
    return this.#newest;
  }

  /**
   * Scores what a step led to, unless an earlier one is still being scored.
   *
   * @param parameters the task's, with the weights to draw with; copied before this returns.
   */
  evaluate(step: number, parameters: () => Float32Array<ArrayBuffer>): void {
    this.#work.begin(() => this.#evaluate(step, parameters()));
  }

  /** Scores what the last step led to, after what is being scored, within a bounded time. */
  async evaluateLast(step: number, parameters: () => Float32Array<ArrayBuffer>): Promise<void> {
    const { patienceMs = LAST_EVALUATION_MS } = this.#options;
    await this.#work.last(() => this.#evaluate(step, parameters()), {
      patienceMs,
      onLate: () => this.#failed(`the last evaluation was not there within ${patienceMs / 1000} s`),
    });
  }

  /**
   * Scores what a step led to, after what is being scored.
   *
   * @param weights stay as they are.
   * @throws Error with one sentence if it could not be done, several times.
   */
  async scoresOf(step: number, weights: Float32Array<ArrayBuffer>): Promise<Quality> {
    let scored = new Error(`the samples of step ${step} were not scored`) as Quality | Error;
    await this.#work.afterwards(async () => {
      for (let tries = 0; tries < TRIES && scored instanceof Error && !this.#closed; tries++) {
        scored = await this.#scored(step, weights.slice());
        // A thread that could not begin cannot go on.
        if (scored instanceof Error) await this.#thread.close();
      }
    });
    if (scored instanceof Error) throw scored;
    return scored;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#thread.close();
  }

  async #scored(step: number, weights: Float32Array<ArrayBuffer>): Promise<Quality | Error> {
    const { limitMs = EVALUATION_LIMIT_MS, onEvaluated } = this.#options;
    const timer = setTimeout(() => void this.#thread.close(), limitMs);
    try {
      const reply = await this.#thread.ask({ step, weights }, [weights.buffer]);
      if ('failed' in reply) return new Error(reply.failed);
      this.#newest = reply.quality;
      onEvaluated(reply.quality);
      return reply.quality;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  async #evaluate(step: number, weights: Float32Array<ArrayBuffer>): Promise<void> {
    const scored = await this.#scored(step, weights);
    if (scored instanceof Error) this.#failed(`no evaluation: ${scored.message}`);
  }

  #failed(sentence: string): void {
    if (this.#told.has(sentence)) return;
    this.#told.add(sentence);
    this.#options.onFailed(sentence);
  }
}
