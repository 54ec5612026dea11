/** What the benchmarks of compute use of the library, bundled once for all processes that they start. */
export { diagnose, loadBackend } from '@gradcast/backends-node';
export { createEngine } from '@gradcast/engine';
export { buildModel, convolutionOf, Gan, genericKernels, initialParameters, presets } from '@gradcast/model';
export { probeBatch } from '@gradcast/step';
