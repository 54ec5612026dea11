import { engineConformance } from '@gradcast/engine/conformance';
import { registeredWebgpu, webgpuSkip } from './test-machine.ts';

// Two of five: `npm run test:gpu` has the others.
engineConformance('webgpu', registeredWebgpu, {
  places: 1,
  tiny: ['sigmoid', 'conditional'],
  skip: await webgpuSkip(),
});
