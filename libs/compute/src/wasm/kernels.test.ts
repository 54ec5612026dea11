import { fourierConformance } from '../conformance/fourier-suite.ts';
import { kernelConformance } from '../conformance/kernel-suite.ts';
import { loadWasm } from './load.ts';

kernelConformance('wasm', loadWasm, { runs: 300 });
fourierConformance('wasm', loadWasm, { runs: 100, places: 12 });
