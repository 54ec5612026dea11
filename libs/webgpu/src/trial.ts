/** A product on a device before anything is trained there: whether its driver compiles a kernel, runs it and gives a result back. */
import { compileOutput } from '@gradcast/plan';
import { layOut } from '@gradcast/tensors';
import { USAGE } from './context.ts';
import type { DeviceContext } from './context.ts';
import { DevicePlan } from './device-plan.ts';

const LAYERS = [{ kind: 'dense', units: 2, bias: false }] as const;
const INPUT = { name: 'a', shape: [2], dtype: 'f32', source: 'input' } as const;

/**
 * The product of two matrices of [2, 2], row by row, as that of a dense layer.
 *
 * @throws BackendError as a plan does.
 */
export async function multiplyOn(context: DeviceContext, a: Float32Array, b: Float32Array): Promise<Float32Array> {
  const parameters = layOut([{ name: 'trial/dense/kernel', shape: [2, 2] }]);
  const chain = { input: INPUT, labels: undefined, networks: [{ name: 'trial', input: [2], layers: LAYERS }] };
  const plan = compileOutput({ name: 'trial', parameters }, chain).infer(2);
  const filter = context.device.createBuffer({ size: plan.sizes.parameters, usage: USAGE.storage | USAGE.copyTarget });
  try {
    context.device.queue.writeBuffer(filter, 0, b.slice().buffer);
    const onDevice = await DevicePlan.create(context, plan, filter);
    const result = await onDevice.run({ fields: { a } });
    onDevice.dispose();
    return result.slice(0, 4);
  } finally {
    filter.destroy();
  }
}
