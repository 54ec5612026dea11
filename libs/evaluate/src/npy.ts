/**
 * NumPy's array file, version 1.0: magic, version, u16 header length, a Python dict padded with spaces so that the
 * data begin at a multiple of 64 bytes, then the elements in row-major order.
 *
 * Source: "NumPy Enhancement Proposal 1, A Simple File Format for NumPy Arrays".
 */
import { requireImages } from './grid.ts';
import type { ImageShape } from './grid.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];
const PREAMBLE_BYTES = MAGIC.length + 2;
const ALIGNMENT = 64;

/**
 * Images as a `.npy` file: unsigned bytes of shape `[count, H, W]` for grey ones, `[count, H, W, C]` otherwise.
 *
 * @param images `[count, ...shape]`, one byte for each channel of a pixel.
 * @throws RangeError if `images` does not hold exactly `count` images.
 */
export function encodeNpy(
  images: Uint8Array,
  { count, shape }: { readonly count: number; readonly shape: ImageShape },
): Uint8Array {
  requireImages(images, count, shape);
  const [height, width, channels] = shape;
  const dimensions = [count, height, width, ...(channels === 1 ? [] : [channels])].join(', ');
  const dict = `{'descr': '|u1', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const start = Math.ceil((PREAMBLE_BYTES + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(start + images.length);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint16(MAGIC.length, start - PREAMBLE_BYTES, true);
  const header = `${dict.padEnd(start - PREAMBLE_BYTES - 1)}\n`;
  for (let index = 0; index < header.length; index++) bytes[PREAMBLE_BYTES + index] = header.charCodeAt(index);
  bytes.set(images, start);
  return bytes;
}
