import { loadTensorflow } from '../tensorflow/load.ts';
import { engineConformance } from './engine-suite.ts';
import { kernelConformance } from './kernel-suite.ts';

kernelConformance('tensorflow', loadTensorflow, { runs: 200 });
engineConformance('tensorflow', loadTensorflow, { places: 12, keras: ['classic', 'tutorial', 'mnist'] });
