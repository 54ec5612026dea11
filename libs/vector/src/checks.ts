/** What every implementation of the kernels refuses before it touches an element. */

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
