/**
 * The two operands of a layer's product as matrices that no memory holds: WGSL functions from rows and terms to elements.
 *
 * `rowOf(row)` and `termOf(k)` take a row's or a term's place apart once, `leftAt(row, term)` and `rightAt(k, term, column)` give
 * elements, 0 outside of the image, and `placeOf(row, column)` says where a result is stored, or -1 if nowhere. Where an operand
 * is read four by four, its function gives the element and the three behind it in memory: where a place begins and whether it lies
 * inside is found once for four.
 */
import { productSize } from '@gradcast/plan';
import type { ProductLaunch } from '@gradcast/plan';
import type { Shader } from './shader.ts';

export interface Neighbours {
  /** Which index of an operand has neighbours in memory beside each other: its terms, or its rows (left) or columns (right). */
  readonly along: 'terms' | 'lines';
  /** Whether the operand is read four by four, so that its function gives a vector. */
  readonly areFours: boolean;
}

export interface Operands {
  readonly left: Neighbours;
  readonly right: Neighbours;
}

/** So far outside that no tap comes back. */
const OUTSIDE = -100_000;

/** Declares the functions. `phase` (y, x) and `terms`, the end of the sum, are private variables that a kernel sets first. */
export function declareOperands(
  shader: Shader,
  launch: ProductLaunch,
  { mayBeFours }: { readonly mayBeFours: boolean },
): Operands {
  const { way, convolution: c, images } = launch;
  const [H, W] = c.large;
  const [h, w] = c.small;
  const { kernel: k, stride: s, channels: C, filters: O } = c;
  const [top, leftPad] = c.before;
  const { rows, columns } = productSize(way, c, images);
  const left = elementsOf(shader, launch.left, mayBeFours && (way === 'by-input' ? O : C) % 4 === 0);
  const right = elementsOf(shader, launch.right, mayBeFours && O % 4 === 0);
  const outside = `vec3i(${OUTSIDE})`;
  // A right operand and a result that lie in memory as matrices do.
  const plain = `fn rightAt(k: i32, term: vec3i, column: i32) -> ${right.type} {
  let isInside = k < terms && column < ${columns};
  return select(${right.zero}, ${right.at(`select(0, k * ${O} + column, isInside)`)}, isInside);
}
fn placeOf(row: i32, column: i32) -> i32 {
  return select(-1, row * ${columns} + column, row < ${rows} && column < ${columns});
}`;
  switch (way) {
    case 'forward':
      shader.declare(
        'operands',
        `var<private> terms: i32;
fn rowOf(row: i32) -> vec3i {
  let n = row / ${h * w};
  let pixel = row % ${h * w};
  return select(${outside}, vec3i(n * ${H}, (pixel / ${w}) * ${s} - ${top}, (pixel % ${w}) * ${s} - ${leftPad}), row < ${rows});
}
fn termOf(k: i32) -> vec3i {
  let tap = k / ${C};
  return select(${outside}, vec3i(tap / ${k}, tap % ${k}, k % ${C}), k < terms);
}
fn leftAt(row: vec3i, term: vec3i) -> ${left.type} {
  let y = row.y + term.x;
  let x = row.z + term.y;
  let isInside = y >= 0 && y < ${H} && x >= 0 && x < ${W};
  return select(${left.zero}, ${left.at(`select(0, ((row.x + y) * ${W} + x) * ${C} + term.z, isInside)`)}, isInside);
}
${plain}`,
      );
      return { left: left.beside('terms'), right: right.beside('lines') };
    case 'by-input': {
      const [high, wide] = [Math.ceil(H / s), Math.ceil(W / s)];
      shader.declare(
        'operands',
        `var<private> terms: i32;
var<private> phase: vec2i;
// Along each axis: the first tap that pixels of the phase meet, how many there are, and the small pixel that the first meets.
var<private> first: vec2i;
var<private> count: vec2i;
var<private> shift: vec2i;
fn setPhase(number: i32) {
  phase = vec2i(number / ${s}, number % ${s});
  let moved = phase + vec2i(${top}, ${leftPad});
  first = moved % ${s};
  count = max(vec2i(0), (vec2i(${k + s - 1}) - first) / ${s});
  shift = (moved - first) / ${s};
  terms = termsOf(number);
}
fn termsOf(number: i32) -> i32 {
  let moved = vec2i(number / ${s}, number % ${s}) + vec2i(${top}, ${leftPad});
  let met = max(vec2i(0), (vec2i(${k + s - 1}) - moved % ${s}) / ${s});
  return met.x * met.y * ${O};
}
fn rowOf(row: i32) -> vec3i {
  let n = row / ${high * wide};
  let pixel = row % ${high * wide};
  return select(vec3i(${-OUTSIDE}), vec3i(n * ${h}, pixel / ${wide} + shift.x, pixel % ${wide} + shift.y), row < ${rows});
}
fn termOf(k: i32) -> vec3i {
  let tap = k / ${O};
  return select(${outside}, vec3i(tap / count.y, tap % count.y, k % ${O}), k < terms);
}
fn leftAt(row: vec3i, term: vec3i) -> ${left.type} {
  let y = row.y - term.x;
  let x = row.z - term.y;
  let isInside = y >= 0 && y < ${h} && x >= 0 && x < ${w};
  return select(${left.zero}, ${left.at(`select(0, ((row.x + y) * ${w} + x) * ${O} + term.z, isInside)`)}, isInside);
}
fn rightAt(k: i32, term: vec3i, column: i32) -> ${right.type} {
  let isInside = k < terms && column < ${columns};
  let tap = (first.x + ${s} * term.x) * ${k} + first.y + ${s} * term.y;
  return select(${right.zero}, ${right.at(`select(0, (tap * ${C} + column) * ${O} + term.z, isInside)`)}, isInside);
}
fn placeOf(row: i32, column: i32) -> i32 {
  let n = row / ${high * wide};
  let pixel = row % ${high * wide};
  let y = (pixel / ${wide}) * ${s} + phase.x;
  let x = (pixel % ${wide}) * ${s} + phase.y;
  let isInside = row < ${rows} && column < ${columns} && y < ${H} && x < ${W};
  return select(-1, ((n * ${H} + y) * ${W} + x) * ${C} + column, isInside);
}`,
      );
      return { left: left.beside('terms'), right: right.beside('terms') };
    }
    case 'by-filter':
      shader.declare(
        'operands',
        `var<private> terms: i32;
fn rowOf(row: i32) -> vec3i {
  let tap = row / ${C};
  return select(${outside}, vec3i(tap / ${k} - ${top}, tap % ${k} - ${leftPad}, row % ${C}), row < ${rows});
}
fn termOf(k: i32) -> vec3i {
  let n = k / ${h * w};
  let pixel = k % ${h * w};
  return select(${outside}, vec3i(n * ${H}, (pixel / ${w}) * ${s}, (pixel % ${w}) * ${s}), k < terms);
}
fn leftAt(row: vec3i, term: vec3i) -> ${left.type} {
  let y = row.x + term.y;
  let x = row.y + term.z;
  let isInside = y >= 0 && y < ${H} && x >= 0 && x < ${W};
  return select(${left.zero}, ${left.at(`select(0, ((term.x + y) * ${W} + x) * ${C} + row.z, isInside)`)}, isInside);
}
${plain}`,
      );
      return { left: left.beside('lines'), right: right.beside('lines') };
    default:
      return way satisfies never;
  }
}

/** How an operand's elements are written in WGSL. */
interface Elements {
  readonly type: 'f32' | 'vec4f';
  readonly zero: string;
  at(index: string): string;
  beside(along: Neighbours['along']): Neighbours;
}

function elementsOf(shader: Shader, ref: ProductLaunch['left'], wantsFours: boolean): Elements {
  const fours = wantsFours ? shader.fours(ref) : undefined;
  const operand = fours ?? shader.floats(ref);
  return {
    type: fours ? 'vec4f' : 'f32',
    zero: fours ? 'vec4f()' : '0.0f',
    at: (index) => operand(`u32(${index})`),
    beside: (along) => ({ along, areFours: fours !== undefined }),
  };
}
