/** What of a task follows from its networks: where tensors lie, which are measured together, what the tail has. */
import type { TailScalar, Task, TaskGroup } from '@gradcast/task';
import { layOut } from '@gradcast/tensors';
import { initialParameters, initialRunning } from './init.ts';
import type { Initializer } from './layer-spec.ts';
import type { Network } from './network.ts';

export interface NetworksOptions {
  /** In the order of their parameters; the names differ. */
  readonly networks: readonly { readonly network: Network; readonly suffix: string }[];
  /** Follow the networks' statistics in the tail. */
  readonly scalars: readonly TailScalar[];
  readonly initializer: Initializer;
}

export type NetworkParts = Pick<
  Task,
  'parameters' | 'groups' | 'tail' | 'scalars' | 'running' | 'initialParameters' | 'initialRunning'
>;

export function layOutNetworks({ networks, scalars, initializer }: NetworksOptions): NetworkParts {
  const specs = networks.map(({ network }) => network.parameters);
  const parameters = layOut(specs.flat());
  const statistics = networks.flatMap(({ network }) => network.statistics);
  const running = layOut(statistics);
  return {
    parameters,
    groups: networks.map(({ network: { name }, suffix }, index): TaskGroup => {
      const endOf = (count: number) => layOut(specs.slice(0, count).flat()).length;
      return { name, suffix, from: endOf(index), to: endOf(index + 1) };
    }),
    tail: layOut([...statistics, ...scalars.map(({ name }) => ({ name, shape: [] }))]),
    scalars,
    running,
    initialParameters: (seed) => initialParameters({ parameters, initializer }, seed),
    initialRunning: () => initialRunning(running),
  };
}
