/** A page that runs plans on the browser's WebGPU and posts how far they are from the interpreter's. */
import { ganTask, tinyPresets } from '@gradcast/gan';
import { compileStep, interpret } from '@gradcast/plan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { createPlanEngine, DeviceContext } from '@gradcast/webgpu';

const SAMPLES = 17;

async function post(report: object): Promise<void> {
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
}

async function main(): Promise<void> {
  const { gpu } = navigator as { readonly gpu?: GPU };
  const adapter = await gpu?.requestAdapter();
  if (!adapter) return post({ none: true });
  const context = new DeviceContext(await adapter.requestDevice());
  for (const [name, preset] of Object.entries(tinyPresets)) {
    const task = ganTask(preset);
    const parameters = formulaParameters(task);
    const batch = formulaMicroBatch(task, SAMPLES);
    const engine = createPlanEngine(task, context);
    engine.load(parameters);
    const length = task.parameters.length + task.tail.length;
    const [first, second] = [new Float32Array(length), new Float32Array(length)];
    await engine.gradient(batch, first);
    await engine.gradient(batch, second);
    engine.dispose();
    const plan = compileStep(task, task.stepGraph!(SAMPLES));
    const expected = interpret(plan, { parameters, fields: batch.fields });
    let [apart, whole] = [0, 0];
    for (let i = 0; i < length; i++) {
      apart += (first[i] - expected[i]) ** 2;
      whole += expected[i] ** 2;
    }
    const same = first.every((value, i) => value === second[i]);
    await post({ name, apart: Math.sqrt(apart / whole), same });
  }
  await post({ done: true });
}

main().catch((error: unknown) =>
  post({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
