/**
 * Runs a plan in plain TypeScript, one launch after the other, in the memory that it lays out: what a plan means, and what every
 * device is compared with. Slow.
 */
import type { Launch, NormsLaunch, ProjectionLaunch, SumPartsLaunch } from '../launch.ts';
import { outputElements } from '../accesses.ts';
import type { Plan } from '../plan.ts';
import { columns, columnsEnd } from './columns.ts';
import { ganLoss, softmaxLoss } from './losses.ts';
import { map } from './maps.ts';
import { Memory } from './memory.ts';
import type { Numbers, PlanInputs, Precision } from './memory.ts';
import { product } from './products.ts';
import { stepsOf } from './steps.ts';

/** @returns what the plan's result is: of a step the flat gradient, its tail, and flags. */
export function interpret(plan: Plan, inputs: PlanInputs, precision: Precision = 'f64'): Numbers {
  const memory = new Memory(plan, inputs, precision);
  for (const launch of plan.launches) run(launch, memory);
  const { result } = memory;
  if (plan.flagAt !== undefined && plan.otherwise && result[plan.flagAt] > 0) {
    return interpret(plan.otherwise, inputs, precision);
  }
  return result;
}

function run(launch: Launch, memory: Memory): void {
  switch (launch.kind) {
    case 'product':
      return product(launch, memory);
    case 'sum-parts':
      return sumParts(launch, memory);
    case 'map':
      return map(launch, memory);
    case 'columns':
      return columns(launch, memory);
    case 'columns-end':
      return columnsEnd(launch, memory);
    case 'projection':
      return projection(launch, memory);
    case 'gan-loss':
      return ganLoss(launch, memory);
    case 'softmax-loss':
      return softmaxLoss(launch, memory);
    case 'norms':
      return norms(launch, memory);
    case 'constants':
      for (const { to, number } of launch.numbers) memory.of(to)[0] = number;
      return;
    default:
      return launch satisfies never;
  }
}

function sumParts({ parts, input, shape, steps, out }: SumPartsLaunch, memory: Memory): void {
  const elements = outputElements(shape);
  const apply = stepsOf(steps, shape, memory);
  const [from, to] = [memory.of(input), memory.of(out)];
  for (let i = 0; i < elements; i++) {
    let sum = 0;
    for (let part = 0; part < parts; part++) sum += from[part * elements + i];
    to[i] = apply(sum, i);
  }
}

function projection(launch: ProjectionLaunch, memory: Memory): void {
  const { samples, features } = launch;
  const [x, kernel, embedding, bias, labels, out] = [
    launch.x,
    launch.kernel,
    launch.embedding,
    launch.bias,
    launch.labels,
    launch.out,
  ].map((ref) => memory.of(ref));
  for (let n = 0; n < samples; n++) {
    let sum = bias[0];
    for (let f = 0; f < features; f++) {
      sum += x[n * features + f] * (kernel[f] + embedding[labels[n] * features + f]);
    }
    out[n] = sum;
  }
}

function norms({ rows, size, input, out }: NormsLaunch, memory: Memory): void {
  const [from, to] = [memory.of(input), memory.of(out)];
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += from[row * size + i] ** 2;
    to[row] = Math.sqrt(sum);
  }
}
