/**
 * How much samples differ: the mean over their values of the standard deviation among the samples, as a share of the range of a
 * byte. 0 if all are alike, at most 0.5.
 *
 * @param images `[count, size]`, a byte a value.
 * @throws RangeError if they are no whole samples or none.
 */
export function sampleSpread(images: Uint8Array, count: number): number {
  const size = images.length / count;
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`${images.length} bytes are not ${count} samples`);
  let deviations = 0;
  for (let place = 0; place < size; place++) {
    let [sum, squares] = [0, 0];
    for (let at = place; at < images.length; at += size) {
      sum += images[at];
      squares += images[at] * images[at];
    }
    deviations += Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  }
  return deviations / size / 255;
}
