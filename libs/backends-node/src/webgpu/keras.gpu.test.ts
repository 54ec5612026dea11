import { kerasResults } from '../for-tests/keras-results.ts';
import { kerasConformance } from '@gradcast/engine/conformance';
import { registeredWebgpu, webgpuSkip } from './test-machine.ts';

// The one with most kinds of layers; a processor that plays the GPU compiles for seconds: `npm run test:gpu` has the others.
kerasConformance('webgpu', registeredWebgpu, {
  results: kerasResults,
  presets: ['conditional'],
  trained: [],
  skip: await webgpuSkip(),
});
