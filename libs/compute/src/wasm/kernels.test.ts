import { loadWasm } from './load.ts';
import { kernelConformance } from '../conformance/kernel-suite.ts';

kernelConformance('wasm', loadWasm, { runs: 300 });
