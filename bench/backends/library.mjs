/** What the benchmarks of compute use of the library, bundled once for all processes that they start. */
export { createEngine, diagnose, loadBackend } from '@gradcast/compute';
export { buildModel, convolutionOf, Gan, genericKernels, initialParameters, presets } from '@gradcast/model';
export { probeBatch } from '@gradcast/step';
