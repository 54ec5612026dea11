import { ganTask, presets, tinyPresets } from '@gradcast/gan';
import { stepsConformance } from '@gradcast/engine/conformance';
import type { StepsCase } from '@gradcast/engine/conformance';
import { besideTensorflow, besideTensorflowSkip } from '../for-tests/beside-tensorflow.ts';

const SAMPLES = [16, 17, 33];
const tasks = Object.values(presets).map(ganTask);
const tiny = Object.values(tinyPresets).map(ganTask);

stepsConformance('webgpu and tensorflow', besideTensorflow, {
  gradients: [...tasks, ...tiny].flatMap((task) => SAMPLES.map((samples): StepsCase => ({ task, samples }))),
  trained: [...tiny, ganTask(presets.mnist)].map((task) => ({ task, samples: task.preset.name === 'mnist' ? 32 : 17 })),
  skip: await besideTensorflowSkip(),
});
