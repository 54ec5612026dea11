/** Plans of a task's output: one that measures BatchNorm statistics over a reference, and one that infers with them. */
import type { OutputChain } from '@gradcast/network';
import type { Layout } from '@gradcast/tensors';
import { layOut } from '@gradcast/tensors';
import { blocksOf } from './blocks.ts';
import { outputOf, PlanBuilder } from './builder.ts';
import type { PlanOptions } from './builder.ts';
import type { PlannedTask } from './compile-step.ts';
import { NetworkPasses } from './passes.ts';
import type { Ref } from './launch.ts';
import type { Plan } from './plan.ts';

export interface OutputPlans {
  /** What is measured: `[2, channels]` for each BatchNorm layer, mean and inverse deviation, by the name of its mean. */
  readonly statistics: Layout;
  /** Its result is the statistics. */
  measure(samples: number): Plan;
  /** Its result is the output, `[samples, ...shape]`. */
  infer(samples: number): Plan;
}

/** @throws PlanError when a plan is made, as `compileStep`. */
export function compileOutput(
  task: Pick<PlannedTask, 'name' | 'parameters'>,
  chain: OutputChain,
  options: PlanOptions = {},
): OutputPlans {
  const statistics = layOut(
    chain.networks.flatMap((network) =>
      blocksOf(network).flatMap(({ main, channels }) =>
        main.kind === 'norm' ? [{ name: main.mean, shape: [2, channels] }] : [],
      ),
    ),
  );
  const fields = [chain.input, ...(chain.labels ? [chain.labels] : [])];
  const common = { ...options, task: { parameters: task.parameters, fields }, hasGradient: false };
  return {
    statistics,
    measure(samples) {
      const name = `${task.name}, statistics`;
      const builder = new PlanBuilder({ ...common, name, samples, tail: statistics, keepsMoments: true });
      forward(builder, chain);
      return builder.build();
    },
    infer(samples) {
      const name = `${task.name}, output`;
      const last = chain.networks.at(-1)!;
      const elements = samples * blocksOf(last).at(-1)!.outputSize;
      const tail = layOut([{ name: 'output', shape: [elements] }]);
      const given = statistics.length > 0 ? { statistics } : {};
      const builder = new PlanBuilder({ ...common, name, samples, tail, ...given });
      forward(builder, chain, builder.tail('output'));
      return builder.build();
    },
  };
}

function forward(builder: PlanBuilder, { input, labels, networks }: OutputChain, target?: Ref): void {
  const { samples } = builder;
  let x = builder.field(input.name);
  if (input.source === 'image') {
    const size = input.shape.reduce((product, side) => product * side, 1);
    const out = builder.value(input.name, samples * size);
    builder.map({
      name: input.name,
      source: { kind: 'pixels', bytes: x, range: input.range },
      shape: outputOf(samples, size, 1),
      steps: [],
      out,
    });
    x = out;
  }
  const told = labels && builder.value('labels', samples);
  if (told) {
    builder.map({
      name: 'labels',
      source: { kind: 'labels', bytes: builder.field(labels.name), segments: [samples] },
      shape: outputOf(samples, 1, 1),
      steps: [],
      out: told,
    });
  }
  for (const [index, network] of networks.entries()) {
    const isLast = index === networks.length - 1;
    const call = { input: x, samples, labels: told, target: isLast ? target : undefined };
    x = new NetworkPasses(builder, network).forward(call).output;
  }
}
