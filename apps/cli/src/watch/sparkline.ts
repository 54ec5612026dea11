/** A curve as one line of text. */
const LEVELS = '▁▂▃▄▅▆▇█';

export interface Scale {
  readonly min: number;
  readonly max: number;
}

/** The scale on which all of these lie; undefined where none is a number. */
export function scaleOf(values: readonly number[]): Scale | undefined {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return min <= max ? { min, max } : undefined;
}

/**
 * At most `width` characters, each the mean of those values that fall together; a space where there is no number.
 *
 * @param scale on which they are shown; their own by default.
 */
export function sparkline(values: readonly number[], width: number, scale = scaleOf(values)): string {
  if (!scale || width < 1) return '';
  const cells = Math.min(width, values.length);
  let line = '';
  for (let cell = 0; cell < cells; cell++) {
    const from = Math.floor((cell * values.length) / cells);
    const until = Math.floor(((cell + 1) * values.length) / cells);
    line += levelOf(meanOf(values.slice(from, until)), scale);
  }
  return line;
}

function meanOf(values: readonly number[]): number {
  const known = values.filter(Number.isFinite);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function levelOf(value: number, { min, max }: Scale): string {
  if (!Number.isFinite(value)) return ' ';
  // A curve that does not change lies in the middle.
  const height = max > min ? (value - min) / (max - min) : 0.5;
  return LEVELS[Math.min(LEVELS.length - 1, Math.max(0, Math.floor(height * LEVELS.length)))];
}
