/**
 * NumPy's array file, version 1.0: magic, version, u16 header length, a Python dict padded with spaces so that the
 * data begin at a multiple of 64 bytes, then the elements in row-major order.
 *
 * Source: "NumPy Enhancement Proposal 1, A Simple File Format for NumPy Arrays".
 */
import { IMAGE_BYTES, IMAGE_SIDE } from './grid.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];
const PREAMBLE_BYTES = MAGIC.length + 2;
const ALIGNMENT = 64;

/**
 * Images as a `.npy` file: unsigned bytes of shape `[count, 28, 28]`.
 *
 * @param images `[count, 28, 28]`, one byte per pixel.
 * @throws RangeError if `images` does not hold exactly `count` images.
 */
export function encodeNpy(images: Uint8Array, count: number): Uint8Array {
  if (images.length !== count * IMAGE_BYTES) throw new RangeError(`${images.length} bytes are not ${count} images`);
  const shape = `(${count}, ${IMAGE_SIDE}, ${IMAGE_SIDE})`;
  const dict = `{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, }`;
  const start = Math.ceil((PREAMBLE_BYTES + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(start + images.length);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint16(MAGIC.length, start - PREAMBLE_BYTES, true);
  const header = `${dict.padEnd(start - PREAMBLE_BYTES - 1)}\n`;
  for (let index = 0; index < header.length; index++) bytes[PREAMBLE_BYTES + index] = header.charCodeAt(index);
  bytes.set(images, start);
  return bytes;
}
