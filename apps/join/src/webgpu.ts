/**
 * The compute worker on the graphics processor; a visitor who does not ask for it never loads this file. It has our own engine and
 * nothing that runs op by op: a task without a plan is for the processor.
 */
import './no-eval.ts';
import { startWebgpu } from '@gradcast/backends-web';
import { BackendError } from '@gradcast/engine';
import { browserVersion } from './browser-version.ts';
import { computeWith } from './compute-shell.ts';
import { databaseStore } from './tuning-store.ts';

const REMEDY = 'take the processor';

computeWith(async (tell) => {
  const { gpu, userAgent } = navigator as { readonly gpu?: GPU; readonly userAgent: string };
  if (!gpu) {
    throw new BackendError('webgpu-unavailable', 'this browser has no WebGPU in its workers', { remedy: REMEDY });
  }
  const tuning = { mode: 'once', store: databaseStore(), started: Date.now() } as const;
  const { profile, engineOf } = await startWebgpu({ gpu, libraryVersion: browserVersion(userAgent), tell, tuning });
  return {
    profile,
    createEngine: (task) => {
      const engine = engineOf(task);
      if (engine) return engine;
      const sentence = `the task ${task.name} is not told as data, and only such tasks run on a browser's graphics processor`;
      throw new BackendError('plan-unsupported', sentence, { remedy: REMEDY });
    },
  };
});
