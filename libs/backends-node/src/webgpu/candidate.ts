/** WebGPU from Dawn, on a GPU; on a processor that plays one only if it is asked for by name. */
import { existsSync } from 'node:fs';
import type { CandidateFacts } from '../choose/candidate.ts';
import { tuningStore } from './tuning-store.ts';

export const webgpu: CandidateFacts = {
  backend: 'webgpu',
  device: 'gpu',
  isNative: false,
  remedy: 'update the graphics driver',
  ruledOut: ({ gpus, named, os }) => {
    if (named || os !== 'linux' || gpus.driver || existsSync('/dev/dri') || existsSync('/dev/dxg')) return undefined;
    return { ok: false, reason: 'no graphics device', remedy: 'needs a GPU with a Vulkan driver' };
  },
  load: async ({ tell, tuning }) => {
    const { loadWebgpu } = await import('./load.ts');
    return loadWebgpu({ tell, tuning: tuning && { ...tuning, store: tuningStore() } });
  },
  tuning: async (adapter, cache) => {
    const { recordKey, recordSummary } = await import('@gradcast/webgpu');
    return recordSummary(adapter, await tuningStore(cache).read(recordKey(adapter)));
  },
};
