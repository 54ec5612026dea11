/** A compute worker on the processor: WebAssembly with SIMD, one thread, the bits of every other machine. */
import './no-eval.ts';
import { startWasm } from '@gradcast/backends-web';
import { createEngine } from '@gradcast/engine';
import { computeWith } from './compute-shell.ts';

computeWith(async () => {
  const backend = await startWasm(new URL('./', import.meta.url).href);
  return { profile: backend.profile, createEngine: (task) => createEngine(task, backend) };
});
