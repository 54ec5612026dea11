import { loadWebgpu } from './load.ts';
import { kernelConformance } from '@gradcast/engine/conformance';
import { webgpuSkip } from './test-machine.ts';

kernelConformance('webgpu', loadWebgpu, { runs: 40, tolerance: 1e-4, skip: await webgpuSkip() });
