import { engineConformance } from '../conformance/engine-suite.ts';
import { kerasConformance } from '../conformance/keras-suite.ts';
import { loadWasm } from './load.ts';

engineConformance('wasm', loadWasm, { places: 12 });
kerasConformance('wasm', loadWasm, { presets: ['classic', 'tutorial', 'mnist'] });
