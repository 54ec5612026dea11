import { engineConformance, kerasConformance } from '@gradcast/engine/conformance';
import { loadWasm } from './test-backend.ts';

engineConformance('wasm', loadWasm, { places: 12 });
kerasConformance('wasm', loadWasm, { presets: ['classic', 'tutorial', 'mnist'] });
