/**
 * A page that runs plans with every tile and odd numbers of samples, and those of all presets, and posts how far each is from the
 * interpreter's, and may be.
 */
import { movedParameters, withLeeway } from '@gradcast/engine/rounding';
import { ganTask, presets, tinyPresets } from '@gradcast/gan';
import { compileStep, interpret, tileNames } from '@gradcast/plan';
import type { TileName } from '@gradcast/plan';
import type { Trainable } from '@gradcast/network';
import { formulaMicroBatch, formulaParameters } from '@gradcast/task';
import { builtinTasks } from '@gradcast/tasks';
import { createPlanEngine, DeviceContext } from '@gradcast/webgpu';

const SAMPLES = [16, 17, 33];
/** Of a preset, the fewest that it takes: the interpreter needs a minute for some. */
const PRESET_SAMPLES = 16;
const TOLERANCE = 2e-5;
/** How many interpretations with moved parameters tell what rounding may change, where the tolerance alone does not hold. */
const MOVED = 4;

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

/** Compares what the device computes with the interpreter, of one task and number of samples. */
function comparisonOf(task: Trainable, samples: number) {
  const parameters = formulaParameters(task);
  const batch = formulaMicroBatch(task, samples);
  const length = task.parameters.length + task.tail.length;
  const plan = compileStep(task, task.stepGraph!(samples));
  const at = (own: Float32Array) => interpret(plan, { parameters: own, fields: batch.fields });
  const expected = at(parameters);
  return async (context: DeviceContext, tile?: TileName): Promise<void> => {
    const engine = createPlanEngine(task, context, { chooseTile: () => tile });
    engine.load(parameters);
    const [first, second] = [new Float32Array(length), new Float32Array(length)];
    await engine.gradient(batch, first);
    await engine.gradient(batch, second);
    engine.dispose();
    const same = first.every((value, i) => value === second[i]);
    const found = apart(first, expected, length);
    const moved = found < TOLERANCE ? [] : movedParameters(parameters, MOVED);
    const allowed = withLeeway(TOLERANCE, ...moved.map((own) => apart(at(own), expected, length)));
    await post({ name: `${task.name}, ${samples}, ${tile ?? 'tiles as chosen'}`, apart: found, allowed, same });
  };
}

async function main(): Promise<void> {
  const { gpu } = navigator as { readonly gpu?: GPU };
  const adapter = await gpu?.requestAdapter();
  if (!adapter) return post({ none: true });
  const context = new DeviceContext(await adapter.requestDevice());
  const classifier = builtinTasks.find(({ name }) => name === 'classifier')!;
  for (const task of [...Object.values(tinyPresets).map(ganTask), classifier]) {
    for (const samples of SAMPLES) {
      const compare = comparisonOf(task, samples);
      for (const tile of tileNames) await compare(context, tile);
    }
  }
  for (const preset of Object.values(presets)) await comparisonOf(ganTask(preset), PRESET_SAMPLES)(context);
  await post({ done: true });
}

main().catch((error: unknown) =>
  post({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);
