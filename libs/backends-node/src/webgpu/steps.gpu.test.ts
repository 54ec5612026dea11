import { ganTask, tinyPresets } from '@gradcast/gan';
import { stepsConformance } from '@gradcast/engine/conformance';
import { besideTensorflow, besideTensorflowSkip } from '../for-tests/beside-tensorflow.ts';

stepsConformance('webgpu and tensorflow', besideTensorflow, {
  gradients: [],
  trained: [{ task: ganTask(tinyPresets.sigmoid), samples: 17 }],
  skip: await besideTensorflowSkip(),
});
