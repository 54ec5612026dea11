/** Cells in columns, and numbers as people read them. */

/** Columns that are wide enough for their longest cell; those in `right` end at the same place. */
export function textTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths.at(i) ?? 0, widthOf(cell));
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => {
      const space = ' '.repeat(widths[i] - widthOf(cell));
      return right.includes(i) ? space + cell : cell + space;
    });
    return cells.join('  ').trimEnd();
  });
}

/** Characters, each of which is as wide as another in what is shown here. */
export function widthOf(text: string): number {
  return Array.from(text).length;
}

/** At most so many characters. */
export function clipped(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `34 MB`, in powers of a thousand. */
export function showBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : value.toFixed(0)} ${UNITS[power]}`;
}

/** Four digits that count, without an exponent where that is short. */
export function showNumber(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** So many digits behind the point. */
export function showFixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}

/** Images in a second. */
export function showSpeed(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}
