/** The WebGPU device of a headless Chromium. */
import { gpuMachine } from '../../bin/gpu-machine.mjs';

/** A software renderer of Chromium's own, so that every machine has one. */
const SOFTWARE = ['--use-vulkan=swiftshader', '--use-webgpu-adapter=swiftshader'];
/** A GPU without a display. */
const HARDWARE = ['--use-angle=vulkan', '--disable-vulkan-surface', '--ignore-gpu-blocklist'];

/** The GPU, if there is one, for `npm run test:gpu`; ordinary tests ask for no more than any machine has. */
const isHardware = process.env['TEST_GPU'] !== undefined && gpuMachine?.isHardware === true;

export const deviceName = isHardware ? 'a GPU' : 'a software renderer';

export const webgpuFlags = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  ...(isHardware ? HARDWARE : SOFTWARE),
];
