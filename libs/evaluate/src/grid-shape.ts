/** How many samples a grid shows, and where: of a model that is told the class, a row for each. */
import { chosenLabels } from '@gradcast/task';
import type { TaskOutput } from '@gradcast/task';

const SAMPLES = 64;
const SAMPLES_OF_A_CLASS = 8;

/** More classes would make a picture that nobody looks through. */
const MOST_ROWS = 32;

export interface GridShape {
  /** Samples of a grid, unless somebody asks for another number. */
  readonly count: number;
  /** One for each class, whose samples they hold: classes take turns in what `outputInputs` gives. */
  readonly rows?: number;
}

export function gridShape(output: Pick<TaskOutput, 'inputs'>): GridShape {
  const { classes = Infinity } = chosenLabels(output) ?? {};
  return classes > MOST_ROWS ? { count: SAMPLES } : { count: SAMPLES_OF_A_CLASS * classes, rows: classes };
}
