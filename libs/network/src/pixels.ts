/** Bytes to a range of f32 and back, in the same f32 bits everywhere. */
import type { ImageField } from '@gradcast/task';

/**
 * Pixels 0 to 255 as x / 255 (`unit`) or x / 127.5 - 1 (`symmetric`), rounded to f32 once.
 *
 * @returns as many elements as `bytes`.
 */
export function fromPixels(bytes: Uint8Array, range: ImageField['range']): Float32Array {
  const table = Float32Array.from({ length: 256 }, (_, x) => (range === 'unit' ? x / 255 : x / 127.5 - 1));
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) values[i] = table[bytes[i]];
  return values;
}

/** The inverse of {@link fromPixels}: to the nearest byte, clamped; NaN becomes 0. */
export function toPixels(values: Float32Array, range: ImageField['range']): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const x = range === 'unit' ? values[i] * 255 : (values[i] + 1) * 127.5;
    bytes[i] = Math.min(255, Math.max(0, Math.floor(x + 0.5)));
  }
  return bytes;
}
