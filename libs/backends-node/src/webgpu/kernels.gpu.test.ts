import { kernelConformance } from '@gradcast/engine/conformance';
import { registeredWebgpu, webgpuSkip } from './test-machine.ts';

// For tasks that no plan can be made of.
kernelConformance('webgpu', registeredWebgpu, { runs: 10, tolerance: 1e-4, skip: await webgpuSkip() });
