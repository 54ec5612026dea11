/**
 * Matrix products. Tiled: a workgroup computes a tile of the result, stages runs of both operands in workgroup memory, and each
 * invocation adds the products of a few rows and columns in registers. Terms are added in their order, whatever the tile.
 */
import { invocations, partDepth, productElements, productSize, tiles } from '@gradcast/plan';
import type { ProductLaunch, Tile, TileName } from '@gradcast/plan';
import { declareOperands } from './operands.ts';
import { GROUP } from './shader.ts';
import type { Kernel, Shader } from './shader.ts';
import { staged } from './staging.ts';
import { stepCode } from './steps.ts';

export function productKernel(shader: Shader, launch: ProductLaunch): Kernel {
  if (launch.kernel.kind === 'tiled') return tiled(shader, launch, tiles[launch.kernel.tile as TileName]);
  declareOperands(shader, launch, { mayBeFours: false });
  return dots(shader, launch, launch.kernel.lanes);
}

/** Declares what stores a sum. */
function declareStore(shader: Shader, { way, convolution, images, parts, out, steps, shape }: ProductLaunch): void {
  const elements = productElements(way, convolution, images);
  const to = shader.floats(out);
  const place = parts > 1 ? `(part * ${elements}u + i)` : 'i';
  shader.declare(
    'store',
    `fn store(row: i32, column: i32, part: u32, sum: f32) {
  let place = placeOf(row, column);
  if (place < 0) { return; }
  let i = u32(place);
  var v = sum;
  ${stepCode(shader, steps, shape)}
  ${to(place)} = v;
}`,
  );
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function tiled(shader: Shader, launch: ProductLaunch, tile: Tile): Kernel {
  const operands = declareOperands(shader, launch, { mayBeFours: true });
  const { way, convolution, images, parts } = launch;
  const size = productSize(way, convolution, images);
  declareStore(shader, launch);
  const group = invocations(tile);
  const [rowGroups, columnGroups] = [tile.rows / 4, tile.columns / 4];
  const [ownRows, ownColumns] = [tile.perInvocation[0] / 4, tile.perInvocation[1] / 4];
  const [across, down] = [columnGroups / ownColumns, rowGroups / ownRows];
  const columnTiles = Math.ceil(size.columns / tile.columns);
  const left = staged({ side: 'left', tile, group, neighbours: operands.left });
  const right = staged({ side: 'right', tile, group, neighbours: operands.right });
  shader.share('leftTile', `array<vec4f, ${left.vectors}>`);
  shader.share('rightTile', `array<vec4f, ${right.vectors}>`);
  const slots = range(4 * ownRows * ownColumns);
  const body = [
    `let columnTile = i32(layer % ${columnTiles}u) * ${tile.columns};`,
    `let rowTile = i32(index) * ${tile.rows};`,
    // What a barrier depends on may not come from a private variable.
    ...(way === 'by-input'
      ? [
          `let phaseNumber = ${size.phases > 1 ? `i32(layer / ${columnTiles}u)` : '0'};`,
          'setPhase(phaseNumber);',
          'let all = termsOf(phaseNumber);',
        ]
      : [`let all = ${size.depth};`]),
    ...(parts > 1
      ? [
          `let part = layer / ${columnTiles}u;`,
          `let begin = i32(part) * ${partDepth(size.depth, parts)};`,
          `let end = min(all, begin + ${partDepth(size.depth, parts)});`,
        ]
      : ['let part = 0u;', 'let begin = 0;', 'let end = all;']),
    'terms = end;',
    ...left.before,
    `let own = vec2u(lane % ${across}u, lane / ${across}u);`,
    ...slots.map((slot) => `var sum${slot} = vec4f();`),
    `for (var k = begin; k < end; k += ${tile.depth}) {`,
    ...[...left.turn, ...right.turn].map((line) => `  ${line}`),
    '  workgroupBarrier();',
    `  for (var d = 0u; d < ${tile.depth}u; d++) {`,
    ...range(ownRows).map((g) => `    let left${g} = leftTile[d * ${rowGroups}u + own.y + ${g * down}u];`),
    ...range(ownColumns).map((g) => `    let right${g} = rightTile[d * ${columnGroups}u + own.x + ${g * across}u];`),
    ...slots.map((slot) => {
      const [row, column] = [Math.floor(slot / ownColumns), slot % ownColumns];
      return `    sum${slot} += left${Math.floor(row / 4)}[${row % 4}] * right${column};`;
    }),
    '  }',
    '  workgroupBarrier();',
    '}',
    // One place that stores: its text is long. Sums are picked, not indexed, so that they stay in registers.
    `for (var slot = 0u; slot < ${slots.length}u; slot++) {`,
    `  let r = slot / ${ownColumns}u;`,
    `  let row = rowTile + 4 * i32(own.y + (r / 4u) * ${down}u) + i32(r % 4u);`,
    `  let column = columnTile + 4 * i32(own.x + (slot % ${ownColumns}u) * ${across}u);`,
    '  var four = sum0;',
    ...slots.slice(1).map((slot) => `  four = select(four, sum${slot}, slot == ${slot}u);`),
    '  for (var e = 0; e < 4; e++) {',
    '    let v = select(select(four.x, four.y, e == 1), select(four.z, four.w, e == 3), e >= 2);',
    '    store(row, column + e, part, v);',
    '  }',
    '}',
  ].join('\n  ');
  return shader.kernel({
    group,
    workgroups: Math.ceil(size.rows / tile.rows),
    layers: columnTiles * size.phases * parts,
    body,
  });
}

/** An output for each group of lanes. */
function dots(shader: Shader, launch: ProductLaunch, lanes: number): Kernel {
  const { way, convolution, images } = launch;
  const { rows, columns, depth, phases } = productSize(way, convolution, images);
  declareStore(shader, launch);
  const outputs = GROUP / lanes;
  const inner = way === 'forward' ? convolution.channels : convolution.filters;
  shader.share('lanes', `array<f32, ${GROUP}>`);
  const body = [
    `let output = i32(index * ${outputs}u + lane / ${lanes}u);`,
    way === 'by-input' ? 'setPhase(i32(layer));' : `terms = ${depth};`,
    `let row = output / ${columns};`,
    `let column = output % ${columns};`,
    'let left = rowOf(row);',
    'var sum = 0.0f;',
    // Channels beside each other need no division, where there are enough for all lanes.
    ...(way !== 'by-filter' && inner >= lanes
      ? [
          `for (var tap = 0; tap < terms / ${inner}; tap++) {`,
          `  let first = termOf(tap * ${inner});`,
          `  for (var c = i32(lane % ${lanes}u); c < ${inner}; c += ${lanes}) {`,
          '    let term = vec3i(first.xy, c);',
          `    sum += leftAt(left, term) * rightAt(tap * ${inner} + c, term, column);`,
          '  }',
          '}',
        ]
      : [
          `for (var k = i32(lane % ${lanes}u); k < terms; k += ${lanes}) {`,
          '  let term = termOf(k);',
          '  sum += leftAt(left, term) * rightAt(k, term, column);',
          '}',
        ]),
    ...treeSum(lanes),
    `if (lane % ${lanes}u == 0u) { store(row, column, 0u, sum); }`,
  ].join('\n  ');
  return shader.kernel({ group: GROUP, workgroups: Math.ceil((rows * columns) / outputs), layers: phases, body });
}

/** Adds `sum` over neighbouring lanes along a tree, through the workgroup's `lanes`. */
export function treeSum(lanes: number): string[] {
  const lines: string[] = [];
  if (lanes === 1) return lines;
  lines.push('lanes[lane] = sum;', 'workgroupBarrier();');
  for (let half = lanes / 2; half >= 1; half /= 2) {
    lines.push(`if (lane % ${lanes}u < ${half}u) { lanes[lane] += lanes[lane + ${half}u]; }`, 'workgroupBarrier();');
  }
  lines.push('sum = lanes[lane];');
  return lines;
}
