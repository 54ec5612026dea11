/**
 * A page that runs plans on the browser's WebGPU, as the join page starts it, and posts how far they are from the interpreter's; then
 * one whose device is lost on the way.
 */
import { startWebgpu } from '@gradcast/backends-web';
import { ganTask, tinyPresets } from '@gradcast/gan';
import type { GanTask } from '@gradcast/gan';
import { compileStep, interpret } from '@gradcast/plan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import type { GradientEngine } from '@gradcast/task';

const SAMPLES = 17;

async function post(report: object): Promise<void> {
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
}

/** What gives adapters, and the devices that were had of it. */
function watched(gpu: GPU): { readonly gpu: GPU; readonly devices: readonly GPUDevice[] } {
  const devices: GPUDevice[] = [];
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = await gpu.requestAdapter(options);
    const requestDevice = adapter?.requestDevice.bind(adapter);
    return (
      adapter &&
      Object.assign(adapter, {
        requestDevice: async (descriptor?: GPUDeviceDescriptor) => {
          devices.push(await requestDevice!(descriptor));
          return devices.at(-1)!;
        },
      })
    );
  };
  return { gpu: { requestAdapter } as GPU, devices };
}

/** Distance of the gradient from the interpreter's, whether the second time has the same bits, and a sum of leaves those of the host. */
async function measured(task: GanTask, engine: GradientEngine, between = () => {}) {
  const parameters = formulaParameters(task);
  const batch = formulaMicroBatch(task, SAMPLES);
  engine.load(parameters);
  const length = task.parameters.length + task.tail.length;
  const [first, second] = [new Float32Array(length), new Float32Array(length)];
  await engine.gradient(batch, first);
  const again = engine.gradient(batch, second);
  between();
  await again;
  const sum = new Float32Array(length);
  const leaves = { count: 2, size: SAMPLES, ahead: true, next: () => Promise.resolve(batch), computed: () => {} };
  const outcome = await engine.subtree?.(leaves, sum);
  engine.dispose();
  const plan = compileStep(task, task.stepGraph!(SAMPLES));
  const expected = interpret(plan, { parameters, fields: batch.fields });
  let [apart, whole] = [0, 0];
  for (let i = 0; i < length; i++) {
    apart += (first[i] - expected[i]) ** 2;
    whole += expected[i] ** 2;
  }
  // Twice a number is exact.
  const same = first.every((value, i) => value === second[i] && 2 * value === sum[i]);
  return { apart: Math.sqrt(apart / whole), outcome, same };
}

async function main(): Promise<void> {
  const { gpu: own } = navigator as { readonly gpu?: GPU };
  if (!(await own?.requestAdapter())) return post({ none: true });
  const { gpu, devices } = watched(own!);
  const told: string[] = [];
  const { engineOf } = await startWebgpu({ gpu, libraryVersion: '', tell: ({ kind }) => void told.push(kind) });
  for (const [name, preset] of Object.entries(tinyPresets)) {
    const task = ganTask(preset);
    await post({ name, ...(await measured(task, engineOf(task)!)) });
  }
  const task = ganTask(tinyPresets.softmax);
  const lost = await measured(task, engineOf(task)!, () => devices.at(-1)!.destroy());
  await post({ name: `${told.join(', ')} of ${devices.length} devices`, ...lost });
  await post({ done: true });
}

main().catch((error: unknown) =>
  post({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
