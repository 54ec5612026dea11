/**
 * The flat vector: every tensor of a model lies in one Float32Array, so reduction, optimizer, checkpoint, codec and
 * wire all work on a single run of floats.
 *
 * Invariant: each tensor starts on a 64-byte boundary, and the padding between tensors is always zero. Kernels may
 * therefore run over the whole vector without knowing where a tensor ends.
 */

/** Floats in 64 bytes: tensors start at multiples of this many elements. */
export const ALIGNMENT = 16;

/** Name and shape of one tensor. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A tensor's place in the flat vector; `offset` and `size` count elements, not bytes. */
export interface TensorEntry extends TensorSpec {
  readonly offset: number;
  readonly size: number;
}

/** Where each tensor of a flat vector lies. */
export interface Layout {
  readonly entries: readonly TensorEntry[];
  /** Elements of the whole vector, padding included; a multiple of {@link ALIGNMENT}. */
  readonly length: number;
}

/** Neighbouring tensors of a layout that belong together, as one network's: elements `[from, to)`, padding included. */
export interface ParameterGroup {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** Rounds an element count up to the alignment. */
export function padded(elements: number): number {
  return Math.ceil(elements / ALIGNMENT) * ALIGNMENT;
}

/** Number of elements of a shape; a scalar `[]` has one. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/**
 * Lays tensors end to end, each on its own 64-byte boundary.
 *
 * @throws RangeError if two tensors share a name.
 */
export function layOut(specs: readonly TensorSpec[]): Layout {
  const entries: TensorEntry[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const { name, shape } of specs) {
    if (names.has(name)) throw new RangeError(`two tensors are named ${name}`);
    names.add(name);
    const size = sizeOf(shape);
    entries.push({ name, shape: [...shape], offset, size });
    offset += padded(size);
  }
  return { entries, length: offset };
}

/** Writes zeros between the tensors of a flat vector, and leaves the tensors as they are. */
export function clearPadding(layout: Layout, vector: Float32Array): void {
  for (const { offset, size } of layout.entries) vector.fill(0, offset + size, offset + padded(size));
}

/**
 * A view (not a copy) of one tensor inside the flat vector.
 *
 * @throws RangeError if the layout has no tensor of that name.
 */
export function tensorView(layout: Layout, vector: Float32Array, name: string): Float32Array {
  const { offset, size } = entryOf(layout, name);
  return vector.subarray(offset, offset + size);
}

/**
 * The entry of one tensor.
 *
 * @throws RangeError if the layout has no tensor of that name.
 */
export function entryOf(layout: Layout, name: string): TensorEntry {
  const entry = layout.entries.find((candidate) => candidate.name === name);
  if (!entry) throw new RangeError(`the layout has no tensor ${name}`);
  return entry;
}
