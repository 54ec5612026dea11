import { loadTensorflow } from '../tensorflow/load.ts';
import { engineConformance } from './engine-suite.ts';
import { kerasConformance } from './keras-suite.ts';
import { kernelConformance } from './kernel-suite.ts';

kernelConformance('tensorflow', loadTensorflow, { runs: 200 });
engineConformance('tensorflow', loadTensorflow, { places: 12 });
kerasConformance('tensorflow', loadTensorflow, { presets: ['classic', 'tutorial', 'mnist'] });
