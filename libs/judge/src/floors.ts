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
  'fashion-mnist-0.safetensors': {
    frechet: 0.6548407844186864,
    kernelDistance: 0.00823457703501731,
    precision: 0.8238,
    recall: 0.829,
    density: 0.99604,
    coverage: 0.97,
    nearestTraining: 6.462906455799089,
    nearestTest: 7.444747476832804,
    nearestRatio: 0.8681162760605258,
    shares: [0.096, 0.1027, 0.1018, 0.1021, 0.0985, 0.0989, 0.0988, 0.1021, 0.099, 0.1001],
    entropy: 2.302378305303494,
    confidence: 0.9691182392969782,
  },
  'fashion-mnist-1.safetensors': {
    frechet: 0.7966385694446827,
    kernelDistance: -0.036283031731834114,
    precision: 0.8298,
    recall: 0.8192,
    density: 1.01092,
    coverage: 0.973,
    nearestTraining: 6.9484159418121845,
    nearestTest: 8.012312660226248,
    nearestRatio: 0.8672172737722367,
    shares: [0.0956, 0.1026, 0.1014, 0.102, 0.0982, 0.0989, 0.1001, 0.1022, 0.099, 0.1],
    entropy: 2.3023722462078426,
    confidence: 0.969860184068912,
  },
};
