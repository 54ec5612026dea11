import { kernelConformance } from '@gradcast/engine/conformance';
import { registeredWebgpu, webgpuSkip } from './test-machine.ts';

kernelConformance('webgpu', registeredWebgpu, { runs: 100, tolerance: 1e-4, skip: await webgpuSkip() });
