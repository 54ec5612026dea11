/** Sums over rows. In parts: an invocation for each part, class and channel. Their ends: lanes along a tree for each channel. */
import { columnNumbers } from '@gradcast/plan';
import type { ColumnsEndLaunch, ColumnsLaunch } from '@gradcast/plan';
import { float, GROUP } from './shader.ts';
import type { Kernel, Shader } from './shader.ts';
import { treeSum } from './products.ts';

export function columnsKernel(shader: Shader, launch: ColumnsLaunch): Kernel {
  const { of, rows, channels, parts, classes, rowsPerSample } = launch;
  const input = shader.floats(launch.input);
  const out = shader.floats(launch.out);
  const numbers = columnNumbers(launch);
  const perPart = Math.ceil(rows / parts);
  const head = [
    `let c = id % ${channels}u;`,
    `let own = (id / ${channels}u) % ${classes}u;`,
    `let part = id / ${channels * classes}u;`,
    `let begin = part * ${perPart}u;`,
    `let end = min(${rows}u, begin + ${perPart}u);`,
  ];
  const place = (number: string) => `((part * ${numbers}u + ${number}) * ${channels}u + c)`;
  if (of === 'moments') {
    const body = [
      ...head,
      'var sum = 0.0f;',
      `for (var row = begin; row < end; row++) { sum += ${input(`(row * ${channels}u + c)`)}; }`,
      'let mean = sum / f32(end - begin);',
      'var distance = 0.0f;',
      `for (var row = begin; row < end; row++) { let apart = ${input(`(row * ${channels}u + c)`)} - mean; distance += apart * apart; }`,
      `${out(place('0u'))} = mean;`,
      `${out(place('1u'))} = distance;`,
    ];
    return shader.each(parts * channels, body.join('\n  '));
  }
  const weights = launch.weights && shader.floats(launch.weights);
  const labels = launch.labels && shader.floats(launch.labels);
  const x = launch.x && shader.floats(launch.x);
  const moments = launch.moments && shader.floats(launch.moments);
  const sample = `(row / ${rowsPerSample}u)`;
  const isGradient = of === 'norm-gradient';
  const body = [
    ...head,
    'var sum = 0.0f;',
    ...(isGradient
      ? ['var scaled = 0.0f;', `let mean = ${moments!('c')};`, `let inverse = ${moments!(`(${channels}u + c)`)};`]
      : []),
    'for (var row = begin; row < end; row++) {',
    ...(labels ? [`  if (u32(${labels(sample)}) != own) { continue; }`] : []),
    `  let v = ${input(`(row * ${channels}u + c)`)}${weights ? ` * ${weights(sample)}` : ''};`,
    '  sum += v;',
    ...(isGradient ? [`  scaled += v * (${x!(`(row * ${channels}u + c)`)} - mean) * inverse;`] : []),
    '}',
    `${out(place('own'))} = sum;`,
    ...(isGradient ? [`${out(place(`(${classes}u + own)`))} = scaled;`] : []),
  ];
  return shader.each(parts * classes * channels, body.join('\n  '));
}

export function columnsEndKernel(shader: Shader, launch: ColumnsEndLaunch): Kernel {
  switch (launch.of) {
    case 'moments':
      return momentsEnd(shader, launch);
    case 'sum':
      return sumsEnd(shader, launch);
    case 'norm-gradient':
      return gradientEnd(shader, launch);
    default:
      return launch.of satisfies never;
  }
}

/** Where a part's number lies. */
function partPlace({ of, classes, channels }: ColumnsEndLaunch, number: string, channel: string): string {
  return `((part * ${columnNumbers({ of, classes })}u + ${number}) * ${channels}u + ${channel})`;
}

function sumsEnd(shader: Shader, launch: ColumnsEndLaunch): Kernel {
  const { parts, channels, classes, lanes } = launch;
  const input = shader.floats(launch.input);
  const outputs = classes * channels;
  const perGroup = GROUP / lanes;
  shader.share('lanes', `array<f32, ${GROUP}>`);
  const body = [
    `let output = index * ${perGroup}u + lane / ${lanes}u;`,
    'var sum = 0.0f;',
    `if (output < ${outputs}u) {`,
    `  for (var part = lane % ${lanes}u; part < ${parts}u; part += ${lanes}u) { sum += ${input(`(part * ${outputs}u + output)`)}; }`,
    '}',
    ...treeSum(lanes),
    `if (output < ${outputs}u && lane % ${lanes}u == 0u) { ${shader.floats(launch.out!)('output')} = sum; }`,
  ];
  return shader.kernel({ group: GROUP, workgroups: Math.ceil(outputs / perGroup), body: body.join('\n  ') });
}

function gradientEnd(shader: Shader, launch: ColumnsEndLaunch): Kernel {
  const { parts, channels, classes, lanes } = launch;
  const input = shader.floats(launch.input);
  const [out, first, second, gamma] = [launch.out, launch.first, launch.second, launch.gamma].map(
    (ref) => ref && shader.floats(ref),
  );
  const perGroup = GROUP / lanes;
  shader.share('lanes', `array<f32, ${GROUP}>`);
  const total = (number: string, name: string) => [
    'sum = 0.0f;',
    `if (c < ${channels}u) {`,
    `  for (var part = lane % ${lanes}u; part < ${parts}u; part += ${lanes}u) { sum += ${input(partPlace(launch, number, 'c'))}; }`,
    '}',
    ...treeSum(lanes),
    `let ${name} = sum;`,
    // The next sum may not begin in memory that is still read.
    ...(lanes > 1 ? ['workgroupBarrier();'] : []),
  ];
  const isFirst = `c < ${channels}u && lane % ${lanes}u == 0u`;
  const body = [
    `let c = index * ${perGroup}u + lane / ${lanes}u;`,
    'var sum = 0.0f;',
    'var plain = 0.0f;',
    'var scaled = 0.0f;',
    `for (var own = 0u; own < ${classes}u; own++) {`,
    ...total('own', 'byBeta'),
    ...total(`(${classes}u + own)`, 'byGamma'),
    `if (${isFirst}) {`,
    `  let place = own * ${channels}u + c;`,
    ...(first ? [`  ${first('place')} = byBeta;`] : []),
    ...(second ? [`  ${second('place')} = byGamma;`] : []),
    ...(gamma ? [`  plain += ${gamma('place')} * byBeta;`, `  scaled += ${gamma('place')} * byGamma;`] : []),
    '}',
    '}',
    ...(out ? [`if (${isFirst}) { ${out('c')} = plain; ${out(`(${channels}u + c)`)} = scaled; }`] : []),
  ];
  return shader.kernel({ group: GROUP, workgroups: Math.ceil(channels / perGroup), body: body.join('\n  ') });
}

/** Means and distances of parts are merged two by two: Chan, Golub and LeVeque, "Updating Formulae", 1979. */
function momentsEnd(shader: Shader, launch: ColumnsEndLaunch): Kernel {
  const { parts, channels, lanes, rows, epsilon } = launch;
  const input = shader.floats(launch.input);
  const [out, first, second] = [launch.out, launch.first, launch.second].map((ref) => ref && shader.floats(ref));
  const perGroup = GROUP / lanes;
  const perPart = Math.ceil(rows / parts);
  shader.share('lanes', `array<vec3f, ${GROUP}>`);
  shader.declare(
    'merged',
    `fn merged(a: vec3f, b: vec3f) -> vec3f {
  let count = a.x + b.x;
  if (count == 0.0f) { return a; }
  let apart = b.y - a.y;
  let share = b.x / count;
  return vec3f(count, a.y + apart * share, a.z + b.z + apart * apart * a.x * share);
}`,
  );
  const body = [
    `let c = index * ${perGroup}u + lane / ${lanes}u;`,
    'var all = vec3f();',
    `if (c < ${channels}u) {`,
    `  for (var part = lane % ${lanes}u; part < ${parts}u; part += ${lanes}u) {`,
    `    let count = min(${rows}u, (part + 1u) * ${perPart}u) - part * ${perPart}u;`,
    `    all = merged(all, vec3f(f32(count), ${input(partPlace(launch, '0u', 'c'))}, ${input(partPlace(launch, '1u', 'c'))}));`,
    '  }',
    '}',
    'lanes[lane] = all;',
    'workgroupBarrier();',
  ];
  for (let half = lanes / 2; half >= 1; half /= 2) {
    body.push(
      `if (lane % ${lanes}u < ${half}u) { lanes[lane] = merged(lanes[lane], lanes[lane + ${half}u]); }`,
      'workgroupBarrier();',
    );
  }
  body.push(
    `if (c < ${channels}u && lane % ${lanes}u == 0u) {`,
    '  let mean = lanes[lane].y;',
    `  let variance = lanes[lane].z / ${float(rows)};`,
    ...(out
      ? [
          `  ${out('c')} = mean;`,
          `  ${out(`(${channels}u + c)`)} = 1.0f / sqrt(variance + ${float(Math.fround(epsilon))});`,
        ]
      : []),
    ...(first ? [`  ${first('c')} = mean;`] : []),
    ...(second ? [`  ${second('c')} = variance;`] : []),
    '}',
  );
  return shader.kernel({ group: GROUP, workgroups: Math.ceil(channels / perGroup), body: body.join('\n  ') });
}
