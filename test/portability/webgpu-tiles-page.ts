/** A page that runs plans with every tile and odd numbers of samples, and posts how far each is from the interpreter's. */
import { ganTask, tinyPresets } from '@gradcast/gan';
import { compileStep, interpret, tileNames } from '@gradcast/plan';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { builtinTasks } from '@gradcast/tasks';
import { createPlanEngine, DeviceContext } from '@gradcast/webgpu';

const SAMPLES = [16, 17, 33];

async function post(report: object): Promise<void> {
  await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
}

/** Norm of what two vectors differ by, relative to the second's. */
function apart(actual: ArrayLike<number>, expected: ArrayLike<number>, length: number): number {
  let [sum, whole] = [0, 0];
  for (let i = 0; i < length; i++) {
    sum += (actual[i] - expected[i]) ** 2;
    whole += expected[i] ** 2;
  }
  return Math.sqrt(sum / whole);
}

async function main(): Promise<void> {
  const { gpu } = navigator as { readonly gpu?: GPU };
  const adapter = await gpu?.requestAdapter();
  if (!adapter) return post({ none: true });
  const context = new DeviceContext(await adapter.requestDevice());
  const classifier = builtinTasks.find(({ name }) => name === 'classifier')!;
  for (const task of [...Object.values(tinyPresets).map(ganTask), classifier]) {
    const parameters = formulaParameters(task);
    const length = task.parameters.length + task.tail.length;
    for (const samples of SAMPLES) {
      const batch = formulaMicroBatch(task, samples);
      const expected = interpret(compileStep(task, task.stepGraph!(samples)), { parameters, fields: batch.fields });
      for (const tile of tileNames) {
        const engine = createPlanEngine(task, context, { chooseTile: () => tile });
        engine.load(parameters);
        const [first, second] = [new Float32Array(length), new Float32Array(length)];
        await engine.gradient(batch, first);
        await engine.gradient(batch, second);
        engine.dispose();
        const same = first.every((value, i) => value === second[i]);
        await post({ name: `${task.name}, ${samples}, ${tile}`, apart: apart(first, expected, length), same });
      }
    }
  }
  await post({ done: true });
}

main().catch((error: unknown) =>
  post({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
