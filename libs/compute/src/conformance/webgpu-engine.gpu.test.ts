import { loadWebgpu } from '../webgpu/load.ts';
import { engineConformance } from './engine-suite.ts';
import { webgpuSkip } from './webgpu-machine.ts';

engineConformance('webgpu', loadWebgpu, { places: 1, skip: await webgpuSkip() });
