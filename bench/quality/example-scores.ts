/** Scores as a judge gives them, for tests. */
import type { QualityScores } from '@gradcast/evaluate';

export const EXAMPLE_SCORES: QualityScores = {
  frechet: 20.25,
  kernelDistance: 3.5,
  precision: 0.8,
  recall: 0.7,
  density: 0.75,
  coverage: 0.6,
  nearestTraining: 5,
  nearestTest: 6,
  nearestRatio: 0.83,
  shares: [1],
  entropy: 2.3,
  confidence: 0.95,
};
