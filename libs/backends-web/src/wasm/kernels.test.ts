import { fourierConformance, kernelConformance } from '@gradcast/engine/conformance';
import { wasmBinaries } from '../for-tests/wasm-binaries.ts';
import { startWasm } from './start.ts';

const load = () => startWasm(wasmBinaries());

kernelConformance('wasm', load, { runs: 300 });
fourierConformance('wasm', load, { runs: 100, places: 12 });
