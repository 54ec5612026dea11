import { engineConformance } from '../conformance/engine-suite.ts';
import { loadWasm } from './load.ts';

engineConformance('wasm', loadWasm, { places: 12, keras: ['classic', 'tutorial', 'mnist'] });
