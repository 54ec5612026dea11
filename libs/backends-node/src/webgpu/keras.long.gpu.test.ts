import { kerasResults } from '../for-tests/keras-results.ts';
import { kerasConformance } from '@gradcast/engine/conformance';
import { registeredWebgpu, webgpuSkip } from './test-machine.ts';

kerasConformance('webgpu', registeredWebgpu, {
  results: kerasResults,
  presets: ['classic', 'tutorial', 'dcgan', 'mnist', 'conditional'],
  trained: ['classic', 'tutorial', 'dcgan'],
  skip: await webgpuSkip(),
});
