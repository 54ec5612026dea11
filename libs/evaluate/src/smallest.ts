/** The k smallest of the numbers that each of many rows is offered. */
export class SmallestDistances {
  readonly #k: number;
  /** `[rows, k]`, ascending; infinite where fewer were offered. */
  readonly #kept: Float64Array;

  constructor(rows: number, k: number) {
    this.#k = k;
    this.#kept = new Float64Array(rows * k).fill(Infinity);
  }

  /** Whether a number from this one up may change what {@link nth} says: it is less than a kept one, and that is above 0. */
  wants(row: number, least: number): boolean {
    const largest = this.#kept[row * this.#k + this.#k - 1];
    return least < largest && largest > 0;
  }

  offer(row: number, distance: number): void {
    const first = row * this.#k;
    let place = first + this.#k - 1;
    if (!(distance < this.#kept[place])) return;
    for (; place > first && this.#kept[place - 1] > distance; place--) this.#kept[place] = this.#kept[place - 1];
    this.#kept[place] = distance;
  }

  /** The n-th smallest of each row, n from 1 to k; what rounding made negative is 0. */
  nth(n: number): Float64Array {
    const rows = this.#kept.length / this.#k;
    return Float64Array.from({ length: rows }, (_, row) => Math.max(0, this.#kept[row * this.#k + n - 1]));
  }
}
