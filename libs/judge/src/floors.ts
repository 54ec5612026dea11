/**
 * What real images score by each judge: 10,000 training images against the test images, on `wasm`. They are constants that take
 * a quarter of an evaluation's time; `test/quality` computes them anew.
 */
import type { QualityScores } from '@gradcast/evaluate';

/** Samples that the floors are of. */
export const FLOOR_SAMPLES = 10_000;

/** By the file of the judge. */
export const FLOORS: Readonly<Record<string, QualityScores | undefined>> = {
  'mnist-0.safetensors': {
    frechet: 2.007222885839074,
    kernelDistance: 1.3877130612681292,
    precision: 0.825,
    recall: 0.8612,
    density: 0.85296,
    coverage: 0.9128,
    nearestTraining: 5.832470597128233,
    nearestTest: 6.820001250116868,
    nearestRatio: 0.8552008105611839,
    shares: [0.1002, 0.1127, 0.099, 0.1031, 0.098, 0.0863, 0.1014, 0.1073, 0.0943, 0.0977],
    entropy: 2.300291117073461,
    confidence: 0.9975028420260009,
  },
  'mnist-1.safetensors': {
    frechet: 2.4271415066911994,
    kernelDistance: 2.060172781029229,
    precision: 0.8322,
    recall: 0.851,
    density: 0.85992,
    coverage: 0.9128,
    nearestTraining: 6.53396440391616,
    nearestTest: 7.6220628321385595,
    nearestRatio: 0.8572435766818383,
    shares: [0.1002, 0.1127, 0.0988, 0.1031, 0.0981, 0.0863, 0.1015, 0.1071, 0.0944, 0.0978],
    entropy: 2.3003114313162936,
    confidence: 0.9975188553386659,
  },
};
