/** The one stream of what happens in a run: events get their numbers here, and everybody who wants to read them does. */
import type { NumberedEvent, RunEvent } from '../events.ts';

/** Events that are kept for whoever asks later; older ones are in `events.jsonl`. */
const KEPT = 1024;

export type EventReader = (event: NumberedEvent) => void;

export interface EventStreamOptions {
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #readers = new Set<EventReader>();
  readonly #kept: NumberedEvent[] = [];
  #seq = 0;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /** Numbers go on behind those of an earlier start of the run. */
  continueAfter(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
  }

  /** Number of the newest event; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  /** Those that are kept from after a number. */
  since(after: number): readonly NumberedEvent[] {
    return this.#kept.filter(({ seq }) => seq > after);
  }

  /** Whether all events from after a number are kept, and there was such a number. */
  hasAllSince(after: number): boolean {
    return after <= this.#seq && after >= (this.#kept.at(0)?.seq ?? this.#seq + 1) - 1;
  }

  publish(event: RunEvent): void {
    const numbered: NumberedEvent = { ...event, seq: ++this.#seq, time: this.#options.wallClock() / 1000 };
    this.#kept.push(numbered);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const reader of [...this.#readers]) reader(numbered);
  }

  /** Reads events from now on, and first those that are kept from after a number. @returns what ends that. */
  read(reader: EventReader, after = this.#seq): () => void {
    for (const event of this.since(after)) reader(event);
    this.#readers.add(reader);
    return () => void this.#readers.delete(reader);
  }
}
