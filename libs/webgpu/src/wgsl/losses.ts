/** Losses, by one workgroup: their numbers are few. */
import type { GanLossLaunch, SoftmaxLossLaunch } from '@gradcast/plan';
import { declareExp, declareLogarithm, declareLogistic, declareSoftplus } from './functions.ts';
import { float } from './shader.ts';
import type { Kernel, Shader } from './shader.ts';

const GROUP = 256;

/** Sums of names over the lanes of the group, the first lane's end. */
function totals(shader: Shader, names: readonly string[]): string[] {
  shader.share('lanes', `array<f32, ${GROUP}>`);
  return names.flatMap((name) => [
    `lanes[lane] = ${name};`,
    'workgroupBarrier();',
    `for (var half = ${GROUP / 2}u; half >= 1u; half /= 2u) {`,
    '  if (lane < half) { lanes[lane] += lanes[lane + half]; }',
    '  workgroupBarrier();',
    '}',
    `${name} = lanes[0];`,
    'workgroupBarrier();',
  ]);
}

export function ganLossKernel(shader: Shader, launch: GanLossLaunch): Kernel {
  const { loss, samples: m, disturbed: q, penaltyWeight, scalars } = launch;
  const logits = shader.floats(launch.logits);
  const seed = shader.floats(launch.discriminator);
  const own = launch.generator && shader.floats(launch.generator);
  const ratio = launch.ratio && shader.floats(launch.ratio);
  const classes = loss === 'softmax' ? 2 : 1;
  const isPaired = loss === 'relativistic';
  const fakes = m + 2 * q;
  const rows = 2 * (m + q);
  const weightG = float(Math.fround(1 / m));
  const weightD = float(Math.fround(loss === 'softmax' ? 1 / (2 * m) : 1 / m));
  const weights = loss === 'softmax' ? '2.0f' : '1.0f';
  declareLogistic(shader);
  declareSoftplus(shader);
  shader.declare(
    'margin',
    classes === 2
      ? `fn margin(row: u32) -> f32 { return ${logits('(2u * row + 1u)')} - ${logits('(2u * row)')}; }`
      : `fn margin(row: u32) -> f32 { return ${logits('row')}; }`,
  );
  const put = (into: typeof seed, row: string, gradient: string) =>
    classes === 2
      ? `${into(`(2u * ${row})`)} = -(${gradient}); ${into(`(2u * ${row} + 1u)`)} = ${gradient};`
      : `${into(row)} = ${gradient};`;
  const penalise = (name: string, row: string, beside: string) => [
    `let apart${name} = margin(${row}) - margin(${beside});`,
    `let by${name} = ${float(Math.fround((2 * penaltyWeight) / q))} * apart${name};`,
    `penalty += ${float(Math.fround(penaltyWeight / q))} * apart${name} * apart${name};`,
    put(seed, beside, `-by${name}`),
  ];
  const lines = [
    'var lossG = 0.0f; var lossD = 0.0f; var real1 = 0.0f; var fake1 = 0.0f; var penalty = 0.0f; var extreme = 0.0f;',
    ...(own
      ? [`for (var i = lane; i < ${rows * classes}u; i += ${GROUP}u) { ${own('i')} = 0.0f; }`, 'storageBarrier();']
      : []),
    `for (var i = lane; i < ${m}u; i += ${GROUP}u) {`,
    ...(isPaired
      ? [`let real = margin(i) - margin(${fakes}u + i);`, 'let fake = -real;']
      : ['let real = margin(i);', `let fake = margin(${fakes}u + i);`]),
    `let seedReal = -${weightD} * logistic(-real);`,
    `let seedFake = ${weightD} * logistic(fake);`,
    `let seedG = -${weightG} * logistic(-fake);`,
    ...(own ? [put(own, `(${fakes}u + i)`, 'seedG')] : []),
    'var atReal = seedReal;',
    'var atFake = seedFake;',
    `var factor = -${weights} * exponential(-fake);`,
    'var isExtreme = fake < -40.0f;',
    ...(q > 0
      ? [
          `if (i < ${q}u) {`,
          ...penalise('Real', 'i', `(${m}u + i)`),
          'atReal += byReal;',
          ...penalise('Fake', `(${fakes}u + i)`, `(${m + q}u + i)`),
          'atFake += byFake;',
          'factor = seedG / atFake;',
          `isExtreme = abs(atFake) < ${weightD} * ${float(Math.fround(Math.exp(-40)))};`,
          '}',
        ]
      : []),
    put(seed, 'i', 'atReal'),
    put(seed, `(${fakes}u + i)`, 'atFake'),
    ...(ratio ? [`${ratio('i')} = factor;`] : []),
    'if (isExtreme) { extreme = 1.0f; }',
    `lossG += ${weightG} * softplus(-fake);`,
    `lossD += ${weightD} * (softplus(-real)${isPaired ? '' : ' + softplus(fake)'});`,
    `real1 += logistic(real) * ${weightG};`,
    `fake1 += logistic(fake) * ${weightG};`,
    '}',
    ...totals(shader, ['lossG', 'lossD', 'real1', 'fake1', ...(q > 0 ? ['penalty'] : []), 'extreme']),
    'if (lane == 0u) {',
    ...Object.entries(scalars).map(([name, to]) => `${shader.floats(to)('0u')} = ${SCALARS[name]};`),
    '}',
  ];
  return shader.kernel({ group: GROUP, workgroups: 1, body: lines.join('\n  ') });
}

const SCALARS: Readonly<Record<string, string>> = {
  loss_g: 'lossG',
  loss_d: 'lossD + penalty',
  d_x: 'real1',
  d_g_z: 'fake1',
  penalty: 'penalty',
  extreme: 'extreme',
};

export function softmaxLossKernel(shader: Shader, launch: SoftmaxLossLaunch): Kernel {
  const { samples, classes, scalars } = launch;
  const [scores, labels, seed] = [launch.scores, launch.labels, launch.seed].map((ref) => shader.floats(ref));
  const weight = float(Math.fround(1 / samples));
  declareExp(shader);
  declareLogarithm(shader);
  const at = `(i * ${classes}u + k)`;
  const lines = [
    'var loss = 0.0f; var right = 0.0f;',
    `for (var i = lane; i < ${samples}u; i += ${GROUP}u) {`,
    `let wanted = u32(${labels('i')});`,
    'var best = 0u;',
    `var most = ${scores(`(i * ${classes}u)`)};`,
    `for (var k = 1u; k < ${classes}u; k++) { let score = ${scores(at)}; if (score > most) { most = score; best = k; } }`,
    'var sum = 0.0f;',
    `for (var k = 0u; k < ${classes}u; k++) { sum += exponential(${scores(at)} - most); }`,
    `loss += (logarithm(sum) - (${scores(`(i * ${classes}u + wanted)`)} - most)) * ${weight};`,
    `if (best == wanted) { right += 1.0f; }`,
    `for (var k = 0u; k < ${classes}u; k++) {`,
    `  ${seed(at)} = (exponential(${scores(at)} - most) / sum - select(0.0f, 1.0f, k == wanted)) * ${weight};`,
    '}',
    '}',
    ...totals(shader, ['loss', 'right']),
    'if (lane == 0u) {',
    ...Object.entries(scalars).map(
      ([name, to]) => `${shader.floats(to)('0u')} = ${name === 'loss' ? 'loss' : `right / ${float(samples)}`};`,
    ),
    '}',
  ];
  return shader.kernel({ group: GROUP, workgroups: 1, body: lines.join('\n  ') });
}
