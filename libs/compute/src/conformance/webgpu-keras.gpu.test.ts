import { loadWebgpu } from '../webgpu/load.ts';
import { kerasConformance } from './keras-suite.ts';
import { webgpuSkip } from './webgpu-machine.ts';

kerasConformance('webgpu', loadWebgpu, { presets: ['classic', 'tutorial'], skip: await webgpuSkip() });
