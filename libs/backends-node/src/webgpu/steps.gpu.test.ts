import { ganTask, tinyPresets } from '@gradcast/gan';
import { stepsConformance } from '@gradcast/engine/conformance';
import { besideTensorflow } from '../for-tests/beside-tensorflow.ts';
import { webgpuSkip } from './test-machine.ts';

stepsConformance('webgpu and tensorflow', besideTensorflow, {
  gradients: [],
  trained: [{ task: ganTask(tinyPresets.sigmoid), samples: 17 }],
  skip: await webgpuSkip(),
});
