/** A plan as text: one line a launch. */
import { accessesOf } from './accesses.ts';
import { countsOf } from './builder.ts';
import { productFlops, productSize } from './convolution.ts';
import type { Launch, Pointwise } from './launch.ts';
import type { Plan, Value } from './plan.ts';

export function printPlan(plan: Plan): string {
  const { name, samples, values, launches } = plan;
  const counts = countsOf(plan);
  const lines = launches.map((launch, index) => {
    const { reads, writes } = accessesOf(launch);
    const shown = (accesses: typeof reads) =>
      [...new Set(accesses.map(({ value }) => shownValue(values[value])))].join(' ');
    return `${String(index + 1).padStart(3)}  ${detail(launch)}: ${shown(reads)} -> ${shown(writes)}`;
  });
  return [
    `${name}, ${samples} samples: ${counts.launches} launches, ${mega(counts.flops)} Mflop, ${mega(counts.bytes)} MB touched, ` +
      `${mega(counts.uploadedBytes)} MB up, ${mega(counts.resultBytes)} MB down, ` +
      `${mega(counts.arenaBytes)} MB arena (${mega(counts.valueBytes)} MB of values)`,
    ...lines,
  ].join('\n');
}

function mega(count: number): string {
  return (count / 1e6).toFixed(1);
}

function shownValue({ name, home, arena, offset }: Value): string {
  if (home !== 'arena') return home === 'batch' ? `<${name}>` : `<${home}>`;
  return `[${name} @${arena}:${offset}]`;
}

function detail(launch: Launch): string {
  const named = `${launch.kind} ${JSON.stringify(launch.name)}`;
  switch (launch.kind) {
    case 'product': {
      const { way, convolution, images, kernel, parts } = launch;
      const { rows, columns, depth, phases } = productSize(way, convolution, images);
      const how = kernel.kind === 'tiled' ? `tiles ${kernel.tile}` : `${kernel.lanes} lanes`;
      const size = `${phases > 1 ? `${phases} x ` : ''}${rows} x ${columns} x ${depth}`;
      const split = parts > 1 ? ` in ${parts} parts` : '';
      return `${named} ${way} ${size}${split}, ${how}, ${mega(productFlops(convolution, images))} Mflop${stepsOf(launch.steps)}`;
    }
    case 'map':
      return `${named} ${launch.source.kind}${stepsOf(launch.steps)}`;
    case 'sum-parts':
      return `${named} of ${launch.parts}${stepsOf(launch.steps)}`;
    case 'columns':
    case 'columns-end':
      return `${named} ${launch.of} of ${launch.rows} x ${launch.channels} in ${launch.parts} parts`;
    case 'projection':
    case 'gan-loss':
    case 'softmax-loss':
    case 'norms':
    case 'constants':
      return named;
    default:
      return launch satisfies never;
  }
}

function stepsOf(steps: readonly Pointwise[]): string {
  return steps
    .map((step) =>
      step.step === 'activate' || step.step === 'activation-gradient' ? `${step.step} ${step.activation}` : step.step,
    )
    .map((step) => `, ${step}`)
    .join('');
}
