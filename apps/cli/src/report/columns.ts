/** The time of a run cut into equal columns, in which amounts of seconds are added up. */

/** However long a run is. */
export const COLUMNS = 400;

export class Columns {
  /** Seconds of each column. */
  readonly width: number;

  /** @param seconds of all columns together. */
  constructor(seconds: number) {
    this.width = seconds / COLUMNS;
  }

  /** The column of a moment. */
  at(seconds: number): number {
    if (!(this.width > 0)) return 0;
    return Math.min(COLUMNS - 1, Math.max(0, Math.floor(seconds / this.width)));
  }

  /** Adds the seconds from one moment to another to those columns that they lie in. */
  add(sums: Float64Array, from: number, to: number): void {
    if (!(to > from) || !(this.width > 0)) return;
    for (let column = this.at(from); column <= this.at(to); column++) {
      const begin = Math.max(from, column * this.width);
      const end = Math.min(to, (column + 1) * this.width);
      if (end > begin) sums[column] += end - begin;
    }
  }
}
