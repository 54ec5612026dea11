// What tasks of functions, such as those from files, run by; load.gpu.test.ts has one.
import { loadWebgpu } from './load.ts';
import { engineConformance } from '@gradcast/engine/conformance';
import { webgpuSkip } from './test-machine.ts';

engineConformance('webgpu, op by op', () => loadWebgpu({ plans: false }), { places: 1, skip: await webgpuSkip() });
