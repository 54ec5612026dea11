/**
 * A run for TensorBoard, with `--tensorboard`: scalars, sample grids, histograms of weights and of gradients, as event files in the
 * run's folder `tensorboard/`.
 *
 * Invariants: nothing waits for it but the end of the run, for a bounded time; what waits to be written is bounded; a disk that
 * takes nothing is reported and ends no run. Of two histograms that are due while the first is counted the second is left out.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LineFileEvents, LineFileOptions } from '@gradcast/files';
import type { Task } from '@gradcast/task';
import { entryUrl } from '../../entry.ts';
import type { NumberedEvent } from '../../events.ts';
import { AskedThread } from '../asked-thread.ts';
import { OneAtATime } from '../one-at-a-time.ts';
import type { Grid } from '../outputs.ts';
import { qualityNumbers } from '../quality.ts';
import type { StepLine } from '../step-numbers.ts';
import { EventFile } from './event-file.ts';
import type { EncodedImage } from './event-proto.ts';
import type { HistogramReply, HistogramRequest, HistogramSettings } from './histogram-messages.ts';
import { pngImage } from './png-size.ts';

export interface TensorBoardOptions {
  readonly runFolder: string;
  readonly task: Pick<Task, 'parameters'>;
  /** The version that the run goes on from. */
  readonly version: number;
  /** Steps between histograms; 0 for those of the last step alone. */
  readonly every: number;
  readonly totalSteps: number;
  /** The newest grid of samples. */
  readonly grid: () => Grid | undefined;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  /** How writing goes. */
  readonly writing: LineFileEvents;
  /** No histogram or no grid; the next is tried all the same. */
  readonly onFailed: (sentence: string) => void;
  /** Another thread and another disk, in tests. */
  readonly thread?: Pick<AskedThread<HistogramRequest, HistogramReply>, 'ask' | 'close'>;
  readonly open?: LineFileOptions['open'];
  /** How long the end of a run waits for histograms. */
  readonly patienceMs?: number;
}

/** Counting takes milliseconds. */
const PATIENCE_MS = 30_000;
/** Far larger than any grid. */
const LARGEST_IMAGE_BYTES = 4 * 2 ** 20;

export class TensorBoard {
  readonly #options: TensorBoardOptions;
  readonly #file: EventFile;
  readonly #thread: NonNullable<TensorBoardOptions['thread']>;
  readonly #counting = new OneAtATime();
  readonly #reading = new OneAtATime();

  private constructor(options: TensorBoardOptions, file: EventFile) {
    this.#options = options;
    this.#file = file;
    const settings: HistogramSettings = { entries: options.task.parameters.entries };
    const url = entryUrl('histogram-thread', import.meta.url);
    this.#thread = options.thread ?? new AskedThread(url, { settings, title: 'histogram thread' });
  }

  /** @throws RunError `out-not-writable`. */
  static async open(options: TensorBoardOptions): Promise<TensorBoard> {
    const { runFolder, version, wallClock, writing: events, open } = options;
    const folder = join(runFolder, 'tensorboard');
    return new TensorBoard(options, await EventFile.open({ folder, version, wallClock, events, open }));
  }

  /** A line of metrics.jsonl, without its scores: they come as an event, with the step that they are of. */
  line({ step, time, ...numbers }: StepLine): void {
    this.#scalars(step, time, 'train', numbers);
  }

  event(event: NumberedEvent): void {
    const { time } = event;
    switch (event.type) {
      case 'sampled': {
        const { step, spread, classes } = event;
        const read = classes && { entropy: classes.entropy, classes: classes.holding };
        this.#scalars(step, time, 'samples', { spread, ...read });
        return this.#image(step, time);
      }
      case 'scored':
        return this.#scalars(event.step, time, 'quality', { [`${event.split}_accuracy`]: event.accuracy });
      case 'evaluated': {
        const shares = event.shares.map((share, i): [string, number] => [`class_share_${i}`, share]);
        return this.#scalars(event.step, time, 'quality', { ...qualityNumbers(event), ...Object.fromEntries(shares) });
      }
      default:
    }
  }

  /**
   * What a step came to. Both vectors are copied before this returns, if they are looked at.
   *
   * @param gradient the mean gradient as the optimizer had it.
   */
  stepped(step: number, { weights, gradient }: Readonly<Record<'weights' | 'gradient', Float32Array>>): void {
    const { every, totalSteps, wallClock } = this.#options;
    const isLast = step === totalSteps;
    if (!isLast && (every === 0 || step % every !== 0)) return;
    const request = () => ({ step, time: wallClock() / 1000, weights: weights.slice(), gradient: gradient.slice() });
    if (!isLast) return this.#counting.begin(() => this.#count(request()));
    const last = request();
    void this.#counting.afterwards(() => this.#count(last));
  }

  /** Writes what is left, within a bounded time, and closes the file. */
  async close(): Promise<void> {
    const { patienceMs = PATIENCE_MS, onFailed } = this.#options;
    const nothing = () => Promise.resolve();
    await Promise.all([
      this.#reading.afterwards(nothing),
      this.#counting.last(nothing, {
        patienceMs,
        onLate: () => onFailed(`the last histograms were not there within ${patienceMs / 1000} s`),
      }),
    ]);
    await this.#thread.close();
    await this.#file.close();
  }

  #scalars(step: number, time: number, group: string, numbers: Readonly<Record<string, number>>): void {
    const values = Object.entries(numbers).map(([name, scalar]) => ({ tag: `${group}/${name}`, scalar }));
    this.#file.append({ step, time, values });
  }

  #image(step: number, time: number): void {
    const grid = this.#options.grid();
    if (grid?.step !== step) return;
    void this.#reading.afterwards(async () => {
      const image = await this.#read(grid.path);
      if (image) this.#file.append({ step, time, values: [{ tag: 'samples/grid', image }] });
    });
  }

  async #read(path: string): Promise<EncodedImage | undefined> {
    try {
      if ((await stat(path)).size <= LARGEST_IMAGE_BYTES) return pngImage(await readFile(path));
    } catch (error) {
      this.#failed('sample grid', error);
    }
    return undefined;
  }

  async #count(request: HistogramRequest): Promise<void> {
    try {
      this.#file.add(await this.#thread.ask(request, [request.weights.buffer, request.gradient.buffer]));
    } catch (error) {
      this.#failed('histograms', error);
    }
  }

  #failed(what: string, error: unknown): void {
    this.#options.onFailed(`no ${what} for TensorBoard: ${error instanceof Error ? error.message : String(error)}`);
  }
}
