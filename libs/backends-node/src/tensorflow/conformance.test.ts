import { kerasResults } from '../for-tests/keras-results.ts';
import { loadTensorflow } from './load.ts';
import {
  engineConformance,
  fourierConformance,
  graphConformance,
  kerasConformance,
  kernelConformance,
} from '@gradcast/engine/conformance';

const eager = () => loadTensorflow({ mode: 'eager' });
const functions = () => loadTensorflow({ mode: 'function' });
const graph = () => loadTensorflow({ mode: 'graph' });

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
engineConformance('tensorflow, as one function', functions, { places: 2 });
kerasConformance('tensorflow, as one function', functions, {
  results: kerasResults,
  presets: ['classic', 'tutorial', 'dcgan', 'mnist', 'conditional'],
  trained: ['classic', 'tutorial'],
});
