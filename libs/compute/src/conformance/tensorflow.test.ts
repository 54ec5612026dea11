import { loadTensorflow } from '../tensorflow/load.ts';
import { engineConformance } from './engine-suite.ts';
import { fourierConformance } from './fourier-suite.ts';
import { graphConformance } from './graph-suite.ts';
import { kerasConformance } from './keras-suite.ts';
import { kernelConformance } from './kernel-suite.ts';

const eager = () => loadTensorflow({ graph: false });
const graph = () => loadTensorflow({ graph: true });

kernelConformance('tensorflow', eager, { runs: 200 });
for (const [name, load] of Object.entries({ 'tensorflow, op by op': eager, 'tensorflow, as a graph': graph })) {
  engineConformance(name, load, { places: 12 });
  fourierConformance(name, load, { runs: 100, places: 12 });
  kerasConformance(name, load, { presets: ['classic', 'tutorial', 'mnist'] });
}
graphConformance('tensorflow', { eager, graph });
