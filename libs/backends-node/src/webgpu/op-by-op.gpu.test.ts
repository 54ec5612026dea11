import { loadWebgpu } from './load.ts';
import { engineConformance } from '@gradcast/engine/conformance';
import { webgpuSkip } from './test-machine.ts';

// What tasks of functions, such as those from files, run by: no plan can be made of them.
const load = () => loadWebgpu({ plans: false });
engineConformance('webgpu, op by op', load, { places: 1, tiny: ['softmax'], skip: await webgpuSkip() });
