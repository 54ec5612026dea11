/**
 * Events for whoever reads them in a loop, now or later.
 *
 * Invariant: so many are kept, whether anybody reads or not. A reader that falls further behind goes on with the oldest that is
 * kept.
 */
export class EventFeed<T> implements AsyncIterable<T> {
  readonly #most: number;
  readonly #kept: T[] = [];
  /** Number of the first that is kept. */
  #first = 0;
  #end: { readonly error?: Error } | undefined;
  #wake: () => void = () => undefined;
  #news = this.#nextNews();

  constructor(most: number) {
    this.#most = most;
  }

  push(event: T): void {
    this.#kept.push(event);
    if (this.#kept.length > this.#most) {
      this.#kept.shift();
      this.#first++;
    }
    this.#tell();
  }

  /** Nothing comes any more. @param error what readers are told behind the last event. */
  end(error?: Error): void {
    this.#end ??= error ? { error } : {};
    this.#tell();
  }

  /** Reads from the oldest that is kept. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    return this.#readFrom(0);
  }

  /** Reads what comes from now on. */
  fromNow(): AsyncGenerator<T, void, void> {
    return this.#readFrom(this.#first + this.#kept.length);
  }

  async *#readFrom(from: number): AsyncGenerator<T, void, void> {
    for (let next = from; ; next++) {
      while (next >= this.#first + this.#kept.length) {
        if (this.#end?.error) throw this.#end.error;
        if (this.#end) return;
        await this.#news;
      }
      next = Math.max(next, this.#first);
      yield this.#kept[next - this.#first];
    }
  }

  #tell(): void {
    const wake = this.#wake;
    this.#news = this.#nextNews();
    wake();
  }

  #nextNews(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
