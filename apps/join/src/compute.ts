/** A compute worker on the processor: WebAssembly with SIMD, one thread, the bits of every other machine. */
import './no-eval.ts';
import { startWasm } from '@gradcast/backends-web';
import { computeWith } from './compute-shell.ts';

computeWith(() => startWasm(new URL('./', import.meta.url).href));
