import { loadWebgpu } from '../webgpu/load.ts';
import { kernelConformance } from './kernel-suite.ts';
import { webgpuSkip } from './webgpu-machine.ts';

kernelConformance('webgpu', loadWebgpu, { runs: 40, tolerance: 1e-4, skip: await webgpuSkip() });
