/** Kernels with an invocation for each element. */
import { outputElements } from '@gradcast/plan';
import type { MapLaunch, MapSource, PooledShape, SumPartsLaunch } from '@gradcast/plan';
import { float } from './shader.ts';
import type { Kernel, Operand, Shader } from './shader.ts';
import { stepCode } from './steps.ts';

export function mapKernel(shader: Shader, { source, shape, steps, out }: MapLaunch): Kernel {
  const body = [
    'let i = id;',
    'var v = 0.0f;',
    sourceCode(shader, source),
    stepCode(shader, steps, shape),
    `${shader.floats(out)('i')} = v;`,
  ];
  return shader.each(outputElements(shape), body.join('\n  '));
}

export function sumPartsKernel(shader: Shader, { parts, input, shape, steps, out }: SumPartsLaunch): Kernel {
  const elements = outputElements(shape);
  const body = [
    'let i = id;',
    'var v = 0.0f;',
    `for (var part = 0u; part < ${parts}u; part++) { v += ${shader.floats(input)(`(part * ${elements}u + i)`)}; }`,
    stepCode(shader, steps, shape),
    `${shader.floats(out)('i')} = v;`,
  ];
  return shader.each(elements, body.join('\n  '));
}

/** Statements that set `v` from the place `i`. */
function sourceCode(shader: Shader, source: MapSource): string {
  switch (source.kind) {
    case 'value':
      return `v = ${shader.floats(source.input)('i')};`;
    case 'pixels':
      return `v = ${shader.pixels(source.range)(shader.bytes(source.bytes)('i'))};`;
    case 'labels': {
      const lines = ['var place = i;'];
      // Behind the last segment there is nothing.
      for (const count of source.segments.slice(0, -1)) lines.push(`if (place >= ${count}u) { place -= ${count}u; `);
      const close = '}'.repeat(source.segments.length - 1);
      // Nested, so that a place within a segment stays there.
      return `${lines.join('')}${close} v = f32(${shader.bytes(source.bytes)('place')});`;
    }
    case 'pool':
    case 'resize-gradient': {
      const share = source.kind === 'pool' ? ` * ${float(Math.fround(1 / (source.size * source.size)))}` : '';
      return squareSum(shader.floats(source.input), source, share);
    }
    case 'pool-gradient':
    case 'resize': {
      const share = source.kind === 'pool-gradient' ? ` * ${float(Math.fround(1 / (source.size * source.size)))}` : '';
      return fromSmall(shader.floats(source.input), source, share);
    }
    case 'spread-taps': {
      const { kernel, factor, inputs, outputs } = source.taps;
      const side = kernel + factor - 1;
      const input = shader.floats(source.input);
      return `let channel = i % ${inputs}u; let o = (i / ${inputs}u) % ${outputs}u; let tap = i32(i / ${inputs * outputs}u);
  let start = vec2i(${kernel - 1}) - vec2i(tap / ${side}, tap % ${side});
  for (var ky = max(0, start.x); ky < min(${kernel}, start.x + ${factor}); ky++) {
    for (var kx = max(0, start.y); kx < min(${kernel}, start.y + ${factor}); kx++) {
      v += ${input(`((u32(ky * ${kernel} + kx) * ${inputs}u + channel) * ${outputs}u + o)`)};
    }
  }`;
    }
    case 'gather-taps': {
      const { kernel, factor, inputs, outputs } = source.taps;
      const side = kernel + factor - 1;
      const input = shader.floats(source.input);
      return `let o = i % ${outputs}u; let channel = (i / ${outputs}u) % ${inputs}u; let tap = i / ${inputs * outputs}u;
  let start = vec2u(${kernel - 1}u) - vec2u(tap / ${kernel}u, tap % ${kernel}u);
  for (var ty = start.x; ty < start.x + ${factor}u; ty++) {
    for (var tx = start.y; tx < start.y + ${factor}u; tx++) {
      v += ${input(`(((ty * ${side}u + tx) * ${outputs}u + o) * ${inputs}u + channel)`)};
    }
  }`;
    }
    case 'projection-gradient': {
      const { features } = source;
      const [dy, kernel, embedding, labels] = [source.dy, source.kernel, source.embedding, source.labels].map((ref) =>
        shader.floats(ref),
      );
      return `let n = i / ${features}u; let f = i % ${features}u;
  v = ${dy('n')} * (${kernel('f')} + ${embedding(`(u32(${labels('n')}) * ${features}u + f)`)});`;
    }
    default:
      return source satisfies never;
  }
}

interface Squares {
  readonly large: PooledShape;
  readonly size: number;
}

function squareSum(input: Operand, { large: [height, width, channels], size }: Squares, share: string): string {
  const [rows, columns] = [Math.floor(height / size), Math.floor(width / size)];
  return `let c = i % ${channels}u; let pixel = i / ${channels}u;
  let n = pixel / ${rows * columns}u; let y = (pixel / ${columns}u) % ${rows}u; let x = pixel % ${columns}u;
  for (var row = 0u; row < ${size}u; row++) {
    for (var column = 0u; column < ${size}u; column++) {
      v += ${input(`(((n * ${height}u + y * ${size}u + row) * ${width}u + x * ${size}u + column) * ${channels}u + c)`)};
    }
  }
  v = v${share};`;
}

function fromSmall(input: Operand, { large: [height, width, channels], size }: Squares, share: string): string {
  const [rows, columns] = [Math.floor(height / size), Math.floor(width / size)];
  return `let c = i % ${channels}u; let pixel = i / ${channels}u; let n = pixel / ${height * width}u;
  let row = ((pixel / ${width}u) % ${height}u) / ${size}u; let column = (pixel % ${width}u) / ${size}u;
  if (row < ${rows}u && column < ${columns}u) {
    v = ${input(`(((n * ${rows}u + row) * ${columns}u + column) * ${channels}u + c)`)}${share};
  }`;
}
