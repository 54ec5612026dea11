/**
 * A binary heap: the foremost of many in the time of a logarithm.
 */

export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  #items: T[];

  /** @param isBefore a strict total order; of two equal items either may come first. */
  constructor(isBefore: (a: T, b: T) => boolean, items: Iterable<T> = []) {
    this.#isBefore = isBefore;
    this.#items = [...items];
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  /** The foremost item. */
  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    let at = this.#items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(item, this.#items[parent])) break;
      this.#items[at] = this.#items[parent];
      at = parent;
    }
    this.#items[at] = item;
  }

  /** Takes the foremost item out. */
  pop(): T | undefined {
    const [first] = this.#items;
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) {
      this.#items[0] = last;
      this.#sink(0);
    }
    return first;
  }

  /** The foremost item has moved back in the order: puts it where it belongs. */
  firstMovedBack(): void {
    if (this.#items.length > 0) this.#sink(0);
  }

  #sink(from: number): void {
    const item = this.#items[from];
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#items.length) break;
      const right = child + 1;
      if (right < this.#items.length && this.#isBefore(this.#items[right], this.#items[child])) child = right;
      if (!this.#isBefore(this.#items[child], item)) break;
      this.#items[at] = this.#items[child];
      at = child;
    }
    this.#items[at] = item;
  }
}
