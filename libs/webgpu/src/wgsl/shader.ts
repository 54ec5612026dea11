/**
 * The frame of a kernel: its bindings, and the text around its body.
 *
 * Shapes are constants of the text: a device's compiler turns their divisions into multiplications. Memory is bound by whole
 * values; where in a value an operand begins is a constant, too, so bindings need no alignment but the values' own.
 */
import { accessesOf } from '@gradcast/plan';
import type { Launch, Plan, Ref, Value } from '@gradcast/plan';

/** A value as a kernel sees it, or a table of numbers. */
export interface Binding {
  readonly value: number | { readonly pixels: 'unit' | 'symmetric' };
  readonly access: 'read' | 'read_write';
  /** Whether it is seen as vectors of four floats. */
  readonly isFours?: boolean;
}

/** All that a device needs to know of a launch. */
export interface Kernel {
  readonly name: string;
  readonly code: string;
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [number, number, number];
}

/** Of one dimension, on every device. */
export const MOST_WORKGROUPS = 65_535;
/** Invocations of kernels that are not tiled. */
export const GROUP = 64;

/** Writes an operand's element: `at(index)`. */
export type Operand = (index: string) => string;

export class Shader {
  readonly #plan: Plan;
  readonly #launch: Launch;
  readonly #bindings: Binding[] = [];
  /** What a launch writes to: two values of one buffer cannot be bound for reading and for writing at once. */
  readonly #written: ReadonlySet<string>;
  readonly #functions = new Map<string, string>();
  readonly #workgroup: string[] = [];

  constructor(plan: Plan, launch: Launch) {
    this.#plan = plan;
    this.#launch = launch;
    this.#written = new Set(accessesOf(launch).writes.map(({ value }) => bufferOf(plan.values[value])));
  }

  /** An operand of floats. */
  floats({ value, at }: Ref): Operand {
    const name = this.#bind(value);
    return (index) => (at === 0 ? `${name}[${index}]` : `${name}[${at}u + ${index}]`);
  }

  /**
   * An operand of floats four by four: the index is that of the first of four, a multiple of 4.
   *
   * @returns undefined where it cannot be: it begins between fours, or is seen as single floats of one that is written to, too.
   */
  fours({ value, at }: Ref): Operand | undefined {
    const { reads, writes } = accessesOf(this.#launch);
    const uses = [...reads, ...writes].filter((access) => access.value === value);
    if (at % 4 !== 0 || (uses.length > 1 && this.#accessOf(value) === 'read_write')) return undefined;
    const name = this.#bind(value, true);
    return (index) => `${name}[${at === 0 ? '' : `${at / 4}u + `}(${index}) / 4u]`;
  }

  /** An operand of bytes, as unsigned integers. */
  bytes({ value, at }: Ref): Operand {
    const name = this.#bind(value);
    return (index) => {
      const place = at === 0 ? `(${index})` : `(${at}u + ${index})`;
      return `((${name}[${place} >> 2u] >> (8u * (${place} & 3u))) & 255u)`;
    };
  }

  /** The floats that bytes stand for. */
  pixels(range: 'unit' | 'symmetric'): Operand {
    const index = this.#bindings.push({ value: { pixels: range }, access: 'read' }) - 1;
    return (byte) => `b${index}[${byte}]`;
  }

  /** Declares a function once. */
  declare(name: string, text: string): void {
    this.#functions.set(name, text);
  }

  /** Declares workgroup memory. */
  share(name: string, type: string): void {
    this.#workgroup.push(`var<workgroup> ${name}: ${type};`);
  }

  /** A kernel of so many invocations, each with its number as `id`. */
  each(count: number, body: string): Kernel {
    const groups = Math.ceil(count / GROUP);
    return this.kernel({
      group: GROUP,
      workgroups: groups,
      body: `let id = index * ${GROUP}u + lane;\n  if (id >= ${count}u) { return; }\n  ${body}`,
    });
  }

  /** A kernel of so many workgroups, each with its number as `index`; `layer` counts the third dimension. */
  kernel({
    group,
    workgroups,
    layers = 1,
    body,
  }: {
    readonly group: number;
    readonly workgroups: number;
    readonly layers?: number;
    readonly body: string;
  }): Kernel {
    const across = Math.min(workgroups, MOST_WORKGROUPS);
    const down = Math.ceil(workgroups / across);
    const bound = this.#bindings.map(({ value, access, isFours }, index) => {
      const isBytes = typeof value === 'number' && this.#plan.values[value].type === 'u8';
      const type = isBytes ? 'u32' : isFours ? 'vec4f' : 'f32';
      return `@group(0) @binding(${index}) var<storage, ${access}> b${index}: array<${type}>;`;
    });
    const code = [
      ...bound,
      ...this.#workgroup,
      ...this.#functions.values(),
      `@compute @workgroup_size(${group})`,
      'fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) lane: u32) {',
      `  let index = workgroup.x + ${across}u * workgroup.y;`,
      // Whole workgroups return, so barriers stay uniform.
      ...(across * down > workgroups ? [`  if (index >= ${workgroups}u) { return; }`] : []),
      '  let layer = workgroup.z;',
      `  ${body}`,
      '}',
    ].join('\n');
    return { name: this.#launch.name, code, bindings: this.#bindings, workgroups: [across, down, layers] };
  }

  #bind(value: number, isFours = false): string {
    const known = this.#bindings.findIndex((binding) => binding.value === value && binding.isFours === isFours);
    if (known >= 0) return `b${known}`;
    return `b${this.#bindings.push({ value, access: this.#accessOf(value), isFours }) - 1}`;
  }

  #accessOf(value: number): Binding['access'] {
    return this.#written.has(bufferOf(this.#plan.values[value])) ? 'read_write' : 'read';
  }
}

function bufferOf({ home, arena }: Value): string {
  return `${home} ${arena}`;
}

/** A number as a float literal. */
export function float(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}
