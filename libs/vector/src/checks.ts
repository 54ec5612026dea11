/** What every implementation of the kernels refuses before it touches an element. */
import { packedElementBytes, packedExponents } from './kernels.ts';
import type { PackedFormat, PackedRun } from './kernels.ts';

/** @throws RangeError if the vectors differ in length. */
export function requireSameLength(...vectors: readonly Float32Array[]): void {
  if (vectors.some((vector) => vector.length !== vectors[0].length)) {
    throw new RangeError(`vectors differ in length: ${vectors.map((vector) => vector.length).join(', ')}`);
  }
}

/** @throws RangeError unless `0 <= from <= to <= vector.length`. */
export function requireRange(vector: Float32Array, from: number, to: number): void {
  if (!(from >= 0 && from <= to && to <= vector.length)) throw new RangeError(`no range [${from}, ${to})`);
}

/** @throws RangeError if the moving average has more elements than what it follows. */
export function requireNoLonger(average: Float32Array, parameters: Float32Array): void {
  if (average.length > parameters.length) throw new RangeError('the average is longer than the parameters');
}

/** Elements of a packed run. @throws RangeError if its values or its exponents are not whole, or too few or too many. */
export function packedElements(format: PackedFormat, { exponents, values }: PackedRun): number {
  const elements = values.length / packedElementBytes(format);
  if (!Number.isInteger(elements) || exponents.length !== packedExponents(format, elements)) {
    throw new RangeError(`no run in ${format}: ${values.length} bytes of values, ${exponents.length} exponents`);
  }
  return elements;
}

/** @throws RangeError unless all packed runs have this many elements. */
export function requirePacked(format: PackedFormat, elements: number, ...runs: readonly PackedRun[]): void {
  for (const run of runs) {
    const found = packedElements(format, run);
    if (found !== elements) throw new RangeError(`a packed run has ${found} elements where ${elements} belong`);
  }
}
