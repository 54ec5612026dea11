import { engineConformance, kerasConformance } from '@gradcast/engine/conformance';
import { kerasResults } from '../for-tests/keras-results.ts';
import { wasmBinaries } from '../for-tests/wasm-binaries.ts';
import { startWasm } from './start.ts';

const load = () => startWasm(wasmBinaries());

engineConformance('wasm', load, { places: 12 });
kerasConformance('wasm', load, {
  results: kerasResults,
  presets: ['classic', 'tutorial', 'dcgan', 'mnist', 'conditional'],
  trained: ['classic', 'tutorial', 'dcgan'],
});
