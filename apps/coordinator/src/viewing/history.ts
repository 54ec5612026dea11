/**
 * What a viewer is told first: how the run came to where it is, from its folder. It is read when somebody asks; of what was read
 * before only what was added since is read again, and those who ask at one time are given one answer.
 */
import { join } from 'node:path';
import { lastLines } from '@gradcast/files';
import type { ViewCurve, ViewEvent } from '@gradcast/protocol';
import { eventSentence, loggedEvent, RunCurves } from '@gradcast/watching';
import type { LoggedEvent } from '@gradcast/watching';

/** Of the end of `events.jsonl`: enough for hours of what a log shows. */
const EVENT_BYTES = 2 ** 20;
export const MOST_EVENTS = 400;
/** What passes with every step, of which a log would hold nothing else. */
const PASSING: readonly string[] = ['step-closed', 'leased-again'];

export class History {
  readonly #folder: string;
  readonly #curves: RunCurves;
  #reading: Promise<Readonly<Record<string, ViewCurve>>> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#curves = new RunCurves(folder);
  }

  /** @throws an error of the system. */
  curves(): Promise<Readonly<Record<string, ViewCurve>>> {
    // One file is followed by one reader at a time.
    this.#reading ??= this.#readCurves().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readCurves(): Promise<Readonly<Record<string, ViewCurve>>> {
    const curves = await this.#curves.read();
    return Object.fromEntries(
      [...curves].map(([name, { points }]) => [
        name,
        [points.map(({ step }) => step), points.map(({ value }) => Number(value.toPrecision(6)))],
      ]),
    );
  }

  /**
   * The newest that a log shows, the oldest first.
   *
   * @param kept those in memory, of which the file may not have the newest yet.
   * @throws an error of the system.
   */
  async events(kept: readonly object[]): Promise<ViewEvent[]> {
    const bySeq = new Map<number, LoggedEvent>();
    for (const text of await lastLines(join(this.#folder, 'events.jsonl'), EVENT_BYTES)) {
      if (text.includes('"type":"step-closed"')) continue;
      keep(bySeq, loggedEvent(text));
    }
    for (const event of kept) keep(bySeq, event as LoggedEvent);
    const events = [...bySeq.values()].sort((a, b) => a.seq - b.seq).slice(-MOST_EVENTS);
    return events.map((event) => ({ ...event, sentence: eventSentence(event) }));
  }
}

function keep(bySeq: Map<number, LoggedEvent>, event: LoggedEvent | undefined): void {
  if (event && !PASSING.includes(event.type)) bySeq.set(event.seq, event);
}
