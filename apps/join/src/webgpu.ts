/** The compute worker on the graphics processor; a visitor who does not ask for it never loads this file. */
import './no-eval.ts';
import { startWebgpu } from '@gradcast/backends-web';
import { BackendError } from '@gradcast/engine';
import { computeWith } from './compute-shell.ts';

/** Of `@tensorflow/tfjs-backend-webgpu`; put in by the build. */
declare const WEBGPU_LIBRARY_VERSION: string;

const NONE = 'this browser has no WebGPU in its workers';

computeWith(() => {
  const { gpu } = navigator as { readonly gpu?: GPU };
  if (!gpu) throw new BackendError('webgpu-unavailable', NONE, { remedy: 'use the processor' });
  return startWebgpu({ gpu, libraryVersion: WEBGPU_LIBRARY_VERSION });
});
