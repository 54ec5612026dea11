/**
 * The command's voice: progress, notices, errors and results, for people or for programs.
 *
 * Invariant: with `json`, stdout carries JSON lines only; whatever else is said goes to stderr.
 */
import type { Progress, Scores, Summary } from '@gradcast/config';
import { printable } from '@gradcast/protocol';
import { heldBack } from './held-back.ts';
import { barLine, plainLine } from './progress-line.ts';

/** Where text goes; `process.stdout` and `process.stderr` fit. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ReporterOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly json: boolean;
  readonly progress: boolean;
  /** Steps between plain lines. */
  readonly logInterval: number;
}

/** Characters of one notice; parts of it may be words of a peer, or of a library. */
const SENTENCE_LIMIT = 4000;
/** A terminal line is redrawn at most ten times a second. */
const REDRAW_MS = 100;
const CLEAR_LINE = '\r\u001b[2K';

export class Reporter {
  readonly #options: ReporterOptions;
  #startedAt: number;
  #lastDraw = -Infinity;
  #lastStep = -1;
  #drawn = false;
  #latest: Progress | null = null;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  /** Marks where elapsed time begins. */
  startClock(): void {
    this.#startedAt = this.#options.now();
  }

  /** Shows where the run stands: a redrawn line on a terminal, a line per interval elsewhere. */
  progress(progress: Progress): void {
    if (!this.#options.progress) return;
    this.#latest = progress;
    if (this.hasTerminal) {
      if (this.#options.now() - this.#lastDraw >= REDRAW_MS) this.#draw(progress);
      return;
    }
    const { logInterval, json } = this.#options;
    const crossed = Math.floor(progress.step / logInterval) > Math.floor(this.#lastStep / logInterval);
    if (!crossed && progress.step < progress.steps) return;
    if (progress.step === this.#lastStep) return;
    this.#lastStep = progress.step;
    const { scalars, ...rest } = progress;
    const flat = Object.fromEntries(scalars.map(({ name, value }) => [name, value]));
    if (json) this.json('progress', { ...rest, ...flat });
    else this.#options.stderr.write(`${plainLine(progress)}\n`);
  }

  /** Says one sentence to the user, above the progress line. */
  notice(sentence: string): void {
    this.#clear();
    this.#options.stderr.write(`${printable(sentence, SENTENCE_LIMIT)}\n`);
    if (this.#latest && this.hasTerminal) this.#draw(this.#latest);
  }

  /** Whether people read this on a terminal. */
  get hasTerminal(): boolean {
    return this.#options.stderr.isTTY === true && !this.#options.json;
  }

  /** Shows lines of our own as they are, above the progress line. */
  picture(lines: string): void {
    this.#clear();
    this.#options.stderr.write(`${lines}\n`);
    if (this.#latest && this.hasTerminal) this.#draw(this.#latest);
  }

  /** Says what went wrong: one sentence and its code. */
  error(code: string, sentence: string): void {
    this.notice(`gradcast: ${sentence} [${code}]`);
  }

  /** Leaves the last progress line standing and moves on to the next line. */
  endProgress(): void {
    if (this.#latest && this.hasTerminal) {
      this.#draw(this.#latest);
      this.#options.stderr.write('\n');
    }
    this.#latest = null;
    this.#drawn = false;
    this.#lastStep = -1;
  }

  /** Prints a machine-readable line on stdout if that was asked for. */
  json(type: string, record: object): void {
    if (this.#options.json) this.#options.stdout.write(`${JSON.stringify({ type, ...record })}\n`);
  }

  /** Prints a line of the result for people; nothing with `json`. */
  say(line: string): void {
    if (this.#options.json) return;
    this.#clear();
    this.#options.stdout.write(`${line}\n`);
  }

  /** Prints what the run came to. @param report path of its report, if there is one. */
  summary(summary: Summary, report: string | null = null): void {
    this.json('summary', summary);
    const { status, steps, targetSteps, images, seconds, workers } = summary;
    this.say(`${status} at step ${steps} of ${targetSteps}`);
    this.say(`run         ${summary.runFolder}`);
    if (summary.samples !== null) this.say(`samples     ${summary.samples}`);
    if (report !== null) this.say(`report      ${report}`);
    if (summary.scores !== null) this.say(`accuracy    ${scoreText(summary.scores)}`);
    const fleet = `${workers} worker${workers === 1 ? '' : 's'}, ${summary.backend}`;
    // Images count over all starts of the run, the time and so the speed over this one.
    this.say(`images      ${images}`);
    this.say(`images/s    ${summary.imagesPerSecond.toFixed(1)} over ${seconds.toFixed(1)} s (${fleet})`);
    const held = heldBack(summary);
    if (held !== undefined) this.say(`time        ${held}`);
    this.say(`parameters  sha256 ${summary.parametersSha256}`);
    this.say(`state       sha256 ${summary.stateSha256}`);
    if (!summary.exact)
      this.say(
        'exact       no: workers of unlike numeric profiles computed it, so the same run again only comes near it',
      );
  }

  #draw(progress: Progress): void {
    const { stderr, now } = this.#options;
    const elapsed = (now() - this.#startedAt) / 1000;
    // The last column stays free: some terminals wrap as soon as it is filled.
    const line = barLine(progress, elapsed, Math.max(20, (stderr.columns ?? 80) - 1));
    stderr.write(`${CLEAR_LINE}${line}`);
    this.#drawn = true;
    this.#lastDraw = now();
  }

  #clear(): void {
    if (this.#drawn) this.#options.stderr.write(CLEAR_LINE);
    this.#drawn = false;
  }
}

function scoreText({ accuracy, samples, split }: Scores): string {
  return `${(100 * accuracy).toFixed(2)} % of ${samples} samples of the ${split} split`;
}
