import { kernelConformance } from '@gradcast/engine/conformance';
import { registeredWebgpu, webgpuSkip } from './test-machine.ts';

kernelConformance('webgpu', registeredWebgpu, { runs: 40, tolerance: 1e-4, skip: await webgpuSkip() });
