/** WebAssembly: on every processor that Node runs on. */
import type { CandidateFacts } from '../choose/candidate.ts';

export const wasm: CandidateFacts = {
  backend: 'wasm',
  device: 'cpu',
  isNative: false,
  remedy: 'take another backend',
  ruledOut: () => undefined,
  load: async () => {
    const { loadWasm } = await import('./load.ts');
    return loadWasm();
  },
};
