import { kerasResults } from '../for-tests/keras-results.ts';
import { loadTensorflow } from './load.ts';
import {
  engineConformance,
  fourierConformance,
  graphConformance,
  kerasConformance,
  kernelConformance,
} from '@gradcast/engine/conformance';

const eager = () => loadTensorflow({ graph: false });
const graph = () => loadTensorflow({ graph: true });

kernelConformance('tensorflow', eager, { runs: 200 });
for (const [name, load] of Object.entries({ 'tensorflow, op by op': eager, 'tensorflow, as a graph': graph })) {
  engineConformance(name, load, { places: 12 });
  fourierConformance(name, load, { runs: 100, places: 12 });
  kerasConformance(name, load, {
    results: kerasResults,
    presets: ['classic', 'tutorial', 'dcgan', 'mnist', 'conditional'],
    trained: ['classic', 'tutorial', 'dcgan'],
  });
}
graphConformance('tensorflow', { eager, graph });
