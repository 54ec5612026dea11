import { loadWebgpu } from '../webgpu/load.ts';
import { kerasConformance } from './keras-suite.ts';
import { webgpuSkip } from './webgpu-machine.ts';

// A processor that plays the GPU needs minutes for three steps of the larger preset.
kerasConformance('webgpu', loadWebgpu, {
  presets: ['classic', 'tutorial'],
  trained: ['classic'],
  skip: await webgpuSkip(),
});
