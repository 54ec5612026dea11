/** Times a product alone on a device, over operands of its own: zeros, whose time is that of other numbers. */
import { accessesOf, PLACE } from '@gradcast/plan';
import type { Plan, ProductLaunch, TileName, Value } from '@gradcast/plan';
import { DeviceContext, USAGE } from '../context.ts';
import type { CompiledKernel } from '../context.ts';
import { kernelOf } from '../wgsl/kernels.ts';
import type { PreparedProduct, TileTimer } from './time-tiles.ts';

/** @param device the one in use, which may become another. */
export function deviceTimer(device: () => GPUDevice): TileTimer {
  // Its pipelines are of no use for a plan, whose texts have the steps behind a product in them.
  let own: DeviceContext | undefined;
  return {
    prepare: async ({ launch }, names) => {
      if (own?.device !== device()) own = new DeviceContext(device());
      const context = own;
      const { plan, bare } = alone(launch);
      const compiled = await Promise.all(names.map((name) => compiledWith(context, plan, withTile(bare, name))));
      const kernels = names.flatMap((name, index) => {
        const kernel = compiled[index];
        return kernel ? [[name, kernel] as const] : [];
      });
      return prepared(context, plan, new Map(kernels));
    },
  };
}

function withTile(launch: ProductLaunch, tile: TileName): ProductLaunch {
  return { ...launch, kernel: { kind: 'tiled', tile } };
}

/** The product without what is done behind it, as a plan whose values each have a buffer. */
function alone(launch: ProductLaunch): { plan: Plan; bare: ProductLaunch } {
  const bare: ProductLaunch = {
    ...launch,
    steps: [],
    left: { value: 0, at: 0 },
    right: { value: 1, at: 0 },
    out: { value: 2, at: 0 },
  };
  const { reads, writes } = accessesOf(bare);
  const values = [...reads, ...writes].map(({ elements }, arena): Value => ({
    name: '',
    elements,
    type: 'f32',
    home: 'arena',
    arena,
    offset: 0,
  }));
  const arenas = values.map(({ elements }) => PLACE * Math.ceil((4 * elements) / PLACE));
  const sizes = { parameters: 0, batch: 0, statistics: 0, result: 0 };
  return { bare, plan: { name: launch.name, samples: launch.images, values, launches: [bare], arenas, sizes } };
}

/** Undefined where the device's compiler refuses. */
async function compiledWith(
  context: DeviceContext,
  plan: Plan,
  launch: ProductLaunch,
): Promise<CompiledKernel | undefined> {
  try {
    return await context.compiled(kernelOf(plan, launch));
  } catch {
    return undefined;
  }
}

async function prepared(
  context: DeviceContext,
  { arenas, values }: Plan,
  kernels: ReadonlyMap<TileName, CompiledKernel>,
): Promise<PreparedProduct> {
  const { device } = context;
  const { buffers, steps } = await context.allocate((make) => {
    const made = arenas.map((size) => make({ label: 'tuning', size, usage: USAGE.storage }));
    const bound = [...kernels].map(([tile, { kernel, layout, pipeline }]) => {
      const entries = kernel.bindings.map(({ value }, binding) => {
        const { arena, elements } = values[value as number];
        return { binding, resource: { buffer: made[arena], size: 4 * elements } };
      });
      const group = device.createBindGroup({ layout, entries });
      return [tile, { pipeline, group, workgroups: kernel.workgroups }] as const;
    });
    return { buffers: made, steps: new Map(bound) };
  });
  return {
    tiles: [...kernels.keys()],
    run: async (tile, runs) => {
      const { pipeline, group, workgroups } = steps.get(tile)!;
      const encoder = device.createCommandEncoder({ label: 'tuning' });
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      // Each writes where the one before it did, so a device runs them one after the other, as it does a plan's.
      for (let run = 0; run < runs; run++) pass.dispatchWorkgroups(...workgroups);
      pass.end();
      const commands = encoder.finish();
      const before = performance.now();
      device.queue.submit([commands]);
      await device.queue.onSubmittedWorkDone();
      context.requireDevice();
      return performance.now() - before;
    },
    dispose: () => {
      for (const buffer of buffers) buffer.destroy();
      context.dispose();
    },
  };
}
