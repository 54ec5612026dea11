/** Named arrays with so many numbers a sample, as micro-batches and leases are made of. */

/** What a field's values are, without where they come from. */
export interface FieldShape {
  readonly name: string;
  readonly dtype: 'u8' | 'f32';
  /** Numbers of one sample. */
  readonly elements: number;
}

export type FieldArray = Uint8Array | Float32Array;

/** Values of each field by name, sample by sample. */
export type FieldValues = Readonly<Record<string, FieldArray>>;

/** Views of the samples `[from, from + count)` of each field. */
export function sliceFields(
  values: FieldValues,
  shapes: readonly FieldShape[],
  from: number,
  count: number,
): FieldValues {
  return Object.fromEntries(
    shapes.map(({ name, elements }) => [name, values[name].subarray(from * elements, (from + count) * elements)]),
  );
}
