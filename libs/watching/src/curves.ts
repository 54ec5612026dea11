/**
 * The curves of a run, from `metrics.jsonl`.
 *
 * Invariant: however long a run is, a curve has at most {@link MOST_POINTS} points, each the mean of as many neighbours; what is
 * held does not grow with the file.
 */
import { join } from 'node:path';
import { PHASES } from '@gradcast/config';
import { EARLY_STOP_SCORES } from '@gradcast/definition';
import { LineFollower } from '@gradcast/files';

export const MOST_POINTS = 512;
/** Names of one run; a task has a dozen scalars. */
const MOST_CURVES = 64;

export interface Point {
  readonly step: number;
  readonly value: number;
}

/** A curve that is thinned out as it grows: neighbours are put together, two by two, whenever there are too many. */
export class Curve {
  #points: { step: number; sum: number; count: number }[] = [];
  /** Values of a point. */
  #stride = 1;
  #last: Point = { step: 0, value: NaN };

  add(step: number, value: number): void {
    this.#last = { step, value };
    const open = this.#points.at(-1);
    if (open && open.count < this.#stride) {
      open.step = step;
      open.sum += value;
      open.count++;
      return;
    }
    this.#points.push({ step, sum: value, count: 1 });
    if (this.#points.length <= MOST_POINTS) return;
    const last = this.#points.pop()!;
    const pairs = [];
    for (let i = 0; i < this.#points.length; i += 2) {
      const [a, b] = [this.#points[i], this.#points[i + 1]];
      pairs.push({ step: b.step, sum: a.sum + b.sum, count: a.count + b.count });
    }
    this.#points = [...pairs, last];
    this.#stride *= 2;
  }

  /** In the order of the steps, which stand for the last step of each. */
  get points(): Point[] {
    return this.#points.map(({ step, sum, count }) => ({ step, value: sum / count }));
  }

  /** The newest value as it is, and its step. */
  get last(): Point {
    return this.#last;
  }
}

/** What a line has besides curves, and curves that nobody looks at. Nor are phases curves: they are parts of a whole. */
const NO_CURVES: readonly string[] = [
  'step',
  'time',
  'images',
  'epoch',
  'evaluated_step',
  'evaluated_samples',
  'judge',
  'step_seconds',
  ...PHASES.map((name) => `phase_${name}_seconds`),
];

/**
 * The curves of a run by the names that `metrics.jsonl` has for them; none where there is no such file. Lines that cannot be read
 * are left out. Scores stand at the step that they belong to.
 */
export class RunCurves {
  readonly #follower: LineFollower;
  readonly #curves = new Map<string, Curve>();

  constructor(run: string) {
    this.#follower = new LineFollower(join(run, 'metrics.jsonl'));
  }

  /**
   * Reads what was written since the last time.
   *
   * @param onLine told of each line; undefined of one that cannot be read.
   * @throws an error of the system.
   */
  async read(onLine?: (line: object | undefined) => void): Promise<ReadonlyMap<string, Curve>> {
    for await (const lines of this.#follower.added()) {
      for (const { text } of lines) {
        const line = lineIn(text);
        onLine?.(line);
        if (line) addLine(this.#curves, line);
      }
    }
    return this.#curves;
  }
}

type Line = Partial<Record<string, unknown>>;

function lineIn(text: string | null): Line | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function addLine(curves: Map<string, Curve>, line: Line): void {
  const { step, evaluated_step: evaluated } = line;
  if (typeof step !== 'number') return;
  for (const [name, value] of Object.entries(line)) {
    if (typeof value !== 'number' || !Number.isFinite(value) || NO_CURVES.includes(name)) continue;
    let curve = curves.get(name);
    if (!curve) {
      if (curves.size >= MOST_CURVES) continue;
      curves.set(name, (curve = new Curve()));
    }
    const isScore = QUALITY.includes(name) && typeof evaluated === 'number';
    curve.add(isScore ? evaluated : step, value);
  }
}

/** Scores of samples by a judge, in the order in which people look at them. */
export const QUALITY: readonly string[] = [...EARLY_STOP_SCORES, 'nearest_ratio'];

/** Whether a number is about the machinery or the way, not about what comes of it: a terminal has no room for those. */
export function isMinor(name: string): boolean {
  return /^gradient_norm|^learning_rate$|^workers$|^volunteers$|^phase_/.test(name);
}
