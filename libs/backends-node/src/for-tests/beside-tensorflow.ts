/** WebGPU, and TensorFlow beside it, which is left current in tfjs-core: plans need none of tfjs. */
import type { LoadedBackend } from '@gradcast/engine';
import { loadTensorflow } from '../tensorflow/load.ts';
import { loadWebgpu } from '../webgpu/load.ts';

export async function besideTensorflow(): Promise<{
  readonly subject: LoadedBackend;
  readonly reference: LoadedBackend;
}> {
  const subject = await loadWebgpu();
  return { subject, reference: await loadTensorflow() };
}
