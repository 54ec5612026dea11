/** The judges that come with Gradcast. docs/quality.md has the commands that made them. */
import type { WeightsFile } from './weights.ts';

export interface JudgeRecord extends WeightsFile {
  /** As users name it; the judges of each data set have the same names. */
  readonly name: string;
  /** SHA-256 of the data set that it was trained on, as a run's definition has it: the only one that it is for. */
  readonly dataset: string;
  /** Seed of its run. */
  readonly seed: number;
  /** Share of the data set's test split that it reads right. */
  readonly accuracy: number;
}

const MNIST = 'edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b';

/** What the data sets with judges are called, by their SHA-256. */
const TITLES: Readonly<Record<string, string>> = { [MNIST]: 'MNIST' };

export const JUDGES: readonly JudgeRecord[] = [
  {
    name: '0',
    dataset: MNIST,
    seed: 1,
    accuracy: 0.9911,
    file: 'mnist-0.safetensors',
    sha256: '744b9a83385787947f298deac78d9d79b17dc5fbdc664e11e45c153d492557e2',
  },
  {
    name: '1',
    dataset: MNIST,
    seed: 2,
    accuracy: 0.9908,
    file: 'mnist-1.safetensors',
    sha256: 'e3e173b21476a71b2732292eb42f702528d8b37e35374bc9acae6e63fc37d996',
  },
];

/** The judges of a data set, by its SHA-256; none of one that has no judge. */
export function judgesOf(dataset: string): readonly JudgeRecord[] {
  return JUDGES.filter((record) => record.dataset === dataset);
}

/** `only MNIST has one`, or more names. */
export function whoHasJudges(): string {
  const titles = [...new Set(JUDGES.map(({ dataset }) => TITLES[dataset]))];
  const last = titles.at(-1);
  return titles.length === 1 ? `only ${last} has one` : `only ${titles.slice(0, -1).join(', ')} and ${last} have some`;
}
