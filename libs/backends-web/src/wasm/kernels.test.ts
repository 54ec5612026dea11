import { fourierConformance, kernelConformance } from '@gradcast/engine/conformance';
import { loadWasm } from './test-backend.ts';

kernelConformance('wasm', loadWasm, { runs: 300 });
fourierConformance('wasm', loadWasm, { runs: 100, places: 12 });
