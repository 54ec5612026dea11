/**
 * What a tail can say at all. Running statistics follow it without a clip, so a value that no batch can have must not
 * reach them: a negative variance turns the generator into NaN, and a huge one into noise.
 */
import type { Layout } from '@gradcast/tensors';

/** Largest magnitude of a statistic or loss, 2^62: far above all that trains, and differences of two stay finite. */
const LARGEST = 2 ** 62;

/**
 * Names the first value of a tail that no micro-batch can bring; undefined if there is none.
 *
 * The sum of values in [0, 1] over n leaves lies in [0, n] exactly, as rounding is monotone and n is a float32 number; so
 * every bound holds for subtrees and means without a tolerance.
 *
 * @param tail a tail's sum over `leaves` leaves, or their mean with 1.
 */
export function tailFault(
  { tail: layout }: { readonly tail: Layout },
  tail: Float32Array,
  leaves = 1,
): string | undefined {
  for (const { name, offset, size } of layout.entries) {
    const { low, high } = boundsOf(name);
    const [from, to] = [low * leaves, high * leaves];
    for (let i = offset; i < offset + size; i++) {
      // Not the same as being outside: NaN is neither.
      if (!(tail[i] >= from && tail[i] <= to)) return `${name} is ${tail[i]}`;
    }
  }
  return undefined;
}

function boundsOf(name: string): { low: number; high: number } {
  if (name === 'd_x' || name === 'd_g_z') return { low: 0, high: 1 };
  if (name.endsWith('/variance') || name === 'samples') return { low: 0, high: LARGEST };
  return { low: -LARGEST, high: LARGEST };
}
