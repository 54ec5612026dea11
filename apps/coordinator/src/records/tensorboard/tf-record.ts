/**
 * The framing of TensorFlow's record files (tensorflow/core/lib/io/record_writer.cc): length, its checksum, the bytes, their
 * checksum. A checksum is CRC-32C, rotated and shifted (tensorflow/core/lib/hash/crc32c.h), all little-endian.
 */

/** CRC-32C's polynomial, its bits turned around (RFC 3720, appendix B.4). */
const CASTAGNOLI = 0x82f63b78;
const MASK = 0xa282ead8;
const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  return crc;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** One record as a file has it. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(LENGTH_BYTES + CHECKSUM_BYTES + data.length + CHECKSUM_BYTES);
  const view = new DataView(record.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(LENGTH_BYTES, masked(crc32c(record.subarray(0, LENGTH_BYTES))), true);
  record.set(data, LENGTH_BYTES + CHECKSUM_BYTES);
  view.setUint32(record.length - CHECKSUM_BYTES, masked(crc32c(data)), true);
  return record;
}

function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK) >>> 0;
}
