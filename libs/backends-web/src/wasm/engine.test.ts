import { engineConformance, kerasConformance } from '@gradcast/engine/conformance';
import { kerasResults, wasmBinaries } from '@gradcast/testing';
import { startWasm } from './start.ts';

const load = () => startWasm(wasmBinaries());

engineConformance('wasm', load, { places: 12 });
kerasConformance('wasm', load, { results: kerasResults, presets: ['classic', 'tutorial', 'mnist'] });
