import * as tf from '@tensorflow/tfjs-core';
import type { Trainable } from '@gradcast/network';
import { requireFields } from '@gradcast/task';
import type { MicroBatch } from '@gradcast/task';
import type { LoadedBackend } from './backend.ts';
import { parameterTensors, tensorsOf } from './on-device.ts';

/**
 * BatchNorm statistics of a task's output over reference inputs, by name (`.../mean`, biased `.../variance`), as
 * {@link GradientEngine.infer} takes them; empty without BatchNorm. The backend must stay current in tfjs-core.
 *
 * @param parameters a whole parameter vector.
 * @param reference fields of the task's output.
 */
export async function outputStatistics(
  task: Trainable,
  backend: LoadedBackend,
  { parameters, reference }: { readonly parameters: Float32Array; readonly reference: MicroBatch },
): Promise<Readonly<Record<string, Float32Array>>> {
  if (!task.output) throw new Error(`task ${task.name} has no output`);
  requireFields(task.output.inputs, reference);
  await backend.register?.();
  const program = task.createProgram(backend);
  const loaded = parameterTensors(task.parameters, parameters.slice());
  const inputs = tensorsOf(task.output.inputs, reference);
  try {
    const statistics = program.statistics(loaded, inputs);
    const read = Object.entries(statistics).map(async ([name, tensor]): Promise<[string, Float32Array]> => {
      return [name, (await tensor.data<'float32'>()).slice()];
    });
    const found = Object.fromEntries(await Promise.all(read));
    tf.dispose(statistics);
    return found;
  } finally {
    tf.dispose([loaded, inputs]);
    program.dispose();
  }
}
