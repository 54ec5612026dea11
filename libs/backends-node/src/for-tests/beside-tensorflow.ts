/** WebGPU, and TensorFlow beside it, which is left current in tfjs-core: plans need none of tfjs. */
import type { LoadedBackend } from '@gradcast/engine';
import { isTensorflowInstalled } from '../tensorflow/installed.ts';
import { loadTensorflow } from '../tensorflow/load.ts';
import { loadWebgpu } from '../webgpu/load.ts';
import { webgpuSkip } from '../webgpu/test-machine.ts';

export async function besideTensorflow(): Promise<{
  readonly subject: LoadedBackend;
  readonly reference: LoadedBackend;
}> {
  const subject = await loadWebgpu();
  return { subject, reference: await loadTensorflow() };
}

/** The reason why this machine cannot compare the two: a machine with a GPU may have no network to install from. */
export async function besideTensorflowSkip(): Promise<string | undefined> {
  const skip = await webgpuSkip();
  if (skip !== undefined) return skip;
  const isInstalled = isTensorflowInstalled('cpu') || isTensorflowInstalled('cuda');
  return isInstalled ? undefined : 'gradcast doctor --install has not been run';
}
