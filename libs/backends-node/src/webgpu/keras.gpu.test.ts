import { kerasResults } from '../for-tests/keras-results.ts';
import { kerasConformance } from '@gradcast/engine/conformance';
import { registeredWebgpu, webgpuSkip } from './test-machine.ts';

// A processor that plays the GPU needs minutes for three steps of the larger preset.
kerasConformance('webgpu', registeredWebgpu, {
  results: kerasResults,
  presets: ['classic', 'tutorial', 'conditional'],
  trained: ['classic'],
  skip: await webgpuSkip(),
});
