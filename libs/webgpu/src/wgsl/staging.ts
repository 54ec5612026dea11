/**
 * How a workgroup brings runs of both operands into its memory, where four rows (or columns) of a term lie as one vector.
 *
 * Neighbouring invocations load what lies side by side in device memory. An operand that is read four by four comes either as
 * such a vector, where its rows or columns are neighbours, or as a block of four terms of four of them, which is transposed.
 */
import type { Tile } from '@gradcast/plan';
import type { Neighbours } from './operands.ts';

export interface Side {
  readonly side: 'left' | 'right';
  readonly tile: Tile;
  /** Invocations of the workgroup. */
  readonly group: number;
  readonly neighbours: Neighbours;
}

export interface Staging {
  /** Vectors of workgroup memory. */
  readonly vectors: number;
  /** Before the first turn of the sum: the rows that an invocation loads are the same in every turn. */
  readonly before: readonly string[];
  /** In each turn, from term `k` on. */
  readonly turn: readonly string[];
}

const FOUR = [0, 1, 2, 3];

export function staged({ side, tile, group, neighbours: { along, areFours } }: Side): Staging {
  const isLeft = side === 'left';
  const fours = (isLeft ? tile.rows : tile.columns) / 4;
  const isBlock = areFours && along === 'terms';
  const depth = isBlock ? tile.depth / 4 : tile.depth;
  const loads = fours * depth;
  const turns = Math.ceil(loads / group);
  const load = `(lane + j * ${group}u)`;
  // Which four, and which term of theirs.
  const [four, term] =
    along === 'terms' ? [`${load} / ${depth}u`, `${load} % ${depth}u`] : [`${load} % ${fours}u`, `${load} / ${fours}u`];
  // What a load asks for one by one: its elements, or its vectors.
  const lines = areFours && along === 'lines' ? [0] : FOUR;
  const element = (line: number) =>
    isLeft ? `leftAt(leftRows[${lines.length}u * j + ${line}u], term)` : `rightAt(place, term, column + ${line})`;
  const to = (more: number) => `${side}Tile[(d${more === 0 ? '' : ` + ${more}u`}) * ${fours}u + four]`;
  const stores = isBlock
    ? FOUR.map((e) => `${to(e)} = vec4f(${FOUR.map((line) => `at${line}[${e}]`).join(', ')});`)
    : [`${to(0)} = ${areFours ? 'at0' : `vec4f(${FOUR.map((line) => `at${line}`).join(', ')})`};`];
  const loop = `for (var j = 0u; j < ${turns}u; j++) {`;
  return {
    vectors: tile.depth * fours,
    before: isLeft
      ? [
          `var leftRows: array<vec3i, ${lines.length * turns}>;`,
          loop,
          `  let first = rowTile + 4 * i32(${four});`,
          ...lines.map((line) => `  leftRows[${lines.length}u * j + ${line}u] = rowOf(first + ${line});`),
          '}',
        ]
      : [],
    turn: [
      loop,
      `  let four = ${four};`,
      `  let d = ${isBlock ? '4u * ' : ''}(${term});`,
      '  let place = k + i32(d);',
      '  let term = termOf(place);',
      ...(isLeft ? [] : ['  let column = columnTile + 4 * i32(four);']),
      ...lines.map((line) => `  let at${line} = ${element(line)};`),
      // Nothing to ask where the loads fill the turns.
      `  ${loads % group === 0 ? '' : `if (${load} < ${loads}u) `}{ ${stores.join(' ')} }`,
      '}',
    ],
  };
}
