/** The kernel of each launch of a plan. */
import type { ConstantsLaunch, Launch, NormsLaunch, Plan, ProjectionLaunch } from '@gradcast/plan';
import { columnsEndKernel, columnsKernel } from './columns.ts';
import { ganLossKernel, softmaxLossKernel } from './losses.ts';
import { mapKernel, sumPartsKernel } from './maps.ts';
import { productKernel, treeSum } from './products.ts';
import { float, GROUP, Shader } from './shader.ts';
import type { Kernel } from './shader.ts';

export function kernelOf(plan: Plan, launch: Launch): Kernel {
  const shader = new Shader(plan, launch);
  switch (launch.kind) {
    case 'product':
      return productKernel(shader, launch);
    case 'sum-parts':
      return sumPartsKernel(shader, launch);
    case 'map':
      return mapKernel(shader, launch);
    case 'columns':
      return columnsKernel(shader, launch);
    case 'columns-end':
      return columnsEndKernel(shader, launch);
    case 'projection':
      return projectionKernel(shader, launch);
    case 'gan-loss':
      return ganLossKernel(shader, launch);
    case 'softmax-loss':
      return softmaxLossKernel(shader, launch);
    case 'norms':
      return normsKernel(shader, launch);
    case 'constants':
      return constantsKernel(shader, launch);
    default:
      return launch satisfies never;
  }
}

function projectionKernel(shader: Shader, launch: ProjectionLaunch): Kernel {
  const { samples, features } = launch;
  const [x, kernel, embedding, bias, labels, out] = [
    launch.x,
    launch.kernel,
    launch.embedding,
    launch.bias,
    launch.labels,
    launch.out,
  ].map((ref) => shader.floats(ref));
  shader.share('lanes', `array<f32, ${GROUP}>`);
  const body = [
    `let own = u32(${labels('index')}) * ${features}u;`,
    'var sum = 0.0f;',
    `for (var f = lane; f < ${features}u; f += ${GROUP}u) {`,
    `  sum += ${x(`(index * ${features}u + f)`)} * (${kernel('f')} + ${embedding('(own + f)')});`,
    '}',
    ...treeSum(GROUP),
    `if (lane == 0u) { ${out('index')} = sum + ${bias('0u')}; }`,
  ];
  return shader.kernel({ group: GROUP, workgroups: samples, body: body.join('\n  ') });
}

function normsKernel(shader: Shader, { rows, size, input, out }: NormsLaunch): Kernel {
  shader.share('lanes', `array<f32, ${GROUP}>`);
  const body = [
    'var sum = 0.0f;',
    `for (var i = lane; i < ${size}u; i += ${GROUP}u) {`,
    `  let v = ${shader.floats(input)(`(index * ${size}u + i)`)};`,
    '  sum += v * v;',
    '}',
    ...treeSum(GROUP),
    `if (lane == 0u) { ${shader.floats(out)('index')} = sqrt(sum); }`,
  ];
  return shader.kernel({ group: GROUP, workgroups: rows, body: body.join('\n  ') });
}

function constantsKernel(shader: Shader, { numbers }: ConstantsLaunch): Kernel {
  const lines = numbers.map(({ to, number }) => `${shader.floats(to)('0u')} = ${float(Math.fround(number))};`);
  return shader.each(1, lines.join('\n  '));
}
