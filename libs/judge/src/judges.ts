/** The judges that come with Gradcast. docs/quality.md has the commands that made them. */
import { FASHION_MNIST, knownDataset, MNIST } from '@gradcast/dataset';
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

export const JUDGES: readonly JudgeRecord[] = [
  {
    name: '0',
    dataset: MNIST.sha256,
    seed: 1,
    accuracy: 0.9911,
    file: 'mnist-0.safetensors',
    sha256: '744b9a83385787947f298deac78d9d79b17dc5fbdc664e11e45c153d492557e2',
  },
  {
    name: '1',
    dataset: MNIST.sha256,
    seed: 2,
    accuracy: 0.9908,
    file: 'mnist-1.safetensors',
    sha256: 'e3e173b21476a71b2732292eb42f702528d8b37e35374bc9acae6e63fc37d996',
  },
  {
    name: '0',
    dataset: FASHION_MNIST.sha256,
    seed: 1,
    accuracy: 0.9184,
    file: 'fashion-mnist-0.safetensors',
    sha256: '2c51464e6fb31f038f725f016f99a18e4a6449063a6cade202b87bb61969c4f3',
  },
  {
    name: '1',
    dataset: FASHION_MNIST.sha256,
    seed: 2,
    accuracy: 0.9162,
    file: 'fashion-mnist-1.safetensors',
    sha256: 'd8b9d698fc29d7582bee406ca1ad4ef07b232d56fcb6780b1e89eab14d4d7a54',
  },
];

/** The judges of a data set, by its SHA-256; none of one that has no judge. */
export function judgesOf(dataset: string): readonly JudgeRecord[] {
  return JUDGES.filter((record) => record.dataset === dataset);
}

/** `only MNIST and Fashion-MNIST have some`, for a sentence about a data set without judges. */
export function whoHasJudges(): string {
  const datasets = [...new Set(JUDGES.map(({ dataset }) => dataset))];
  return `only ${datasets.map((dataset) => knownDataset(dataset)!.title).join(' and ')} have some`;
}
