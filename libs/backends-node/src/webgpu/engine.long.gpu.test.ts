import { engineConformance } from '@gradcast/engine/conformance';
import { registeredWebgpu, webgpuSkip } from './test-machine.ts';

engineConformance('webgpu', registeredWebgpu, { places: 4, skip: await webgpuSkip() });
