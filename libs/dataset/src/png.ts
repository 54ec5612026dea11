/**
 * PNG images of 8 bits a channel, not interlaced: grey, grey with alpha, RGB, RGBA. What a file claims is checked before
 * anything is inflated, and inflating ends where the image does. Chunks about how to show an image are passed over.
 *
 * A decoder of the packages that are there inflates whatever a file holds; a small one could then take all memory.
 *
 * Source: "Portable Network Graphics (PNG) Specification (Third Edition)", W3C: sections 5 (datastream), 9 (filtering), 11 (chunks).
 */
import { inflateSync } from 'node:zlib';
import { DatasetError } from './errors.ts';
import { MAX_SAMPLE_BYTES } from './source.ts';

export interface PngImage {
  /** `[height, width, channels]`. */
  readonly shape: readonly [number, number, number];
  readonly pixels: Uint8Array;
}

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** Length, type and checksum of a chunk. */
const CHUNK_FRAME = 12;

/** Channels by colour type; 3 is a palette. */
const CHANNELS: Readonly<Record<number, number | undefined>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/**
 * @param name what to call the file in an error.
 * @throws DatasetError `png-damaged`; `png-kind` for a palette, other depths and interlaced images; `data-large`.
 */
export function decodePng(bytes: Uint8Array, name: string): PngImage {
  const damaged = (why: string, cause?: unknown) =>
    new DatasetError('png-damaged', `${name} is no sound PNG image: ${why}`, { cause });
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw damaged('it does not begin as one');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let shape: PngImage['shape'] | undefined;
  for (let at = SIGNATURE.length; ;) {
    if (at + CHUNK_FRAME > bytes.length) throw damaged('it is cut short');
    const length = view.getUint32(at);
    if (length > bytes.length - at - CHUNK_FRAME) throw damaged('it is cut short');
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw damaged('a checksum is wrong');
    }
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    at += CHUNK_FRAME + length;
    if (!shape) {
      if (type !== 'IHDR' || length !== 13) throw damaged('it has no header');
      shape = shapeOf(data, name);
    } else if (type === 'IDAT') {
      parts.push(data);
    } else if (type === 'IEND') {
      break;
    }
  }
  const [height, width, channels] = shape;
  const filtered = height * (1 + width * channels);
  let lines: Uint8Array;
  try {
    lines = inflateSync(parts.length === 1 ? parts[0] : Buffer.concat(parts), { maxOutputLength: filtered });
  } catch (cause) {
    throw damaged('its pixels cannot be inflated', cause);
  }
  if (lines.length !== filtered) throw damaged('it has too few pixels');
  const pixels = unfilter(lines, { height, stride: width * channels, channels });
  if (!pixels) throw damaged('it has an unknown filter');
  return { shape, pixels };
}

function shapeOf(header: Uint8Array, name: string): PngImage['shape'] {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = header.subarray(8);
  const other = (what: string) =>
    new DatasetError('png-kind', `${name} is ${what}; PNG images of 8 bits a channel, not interlaced, are read`);
  if (colour === 3) throw other('an image with a palette');
  if (depth !== 8) throw other(`an image of ${depth} bits a channel`);
  if (interlace !== 0) throw other('an interlaced image');
  const channels = CHANNELS[colour];
  if (channels === undefined || compression !== 0 || filter !== 0) throw other('an image of an unknown kind');
  if (width === 0 || height === 0) throw new DatasetError('png-damaged', `${name} is an image of ${width}x${height}`);
  if (height * width * channels > MAX_SAMPLE_BYTES) {
    throw new DatasetError(
      'data-large',
      `${name} says it is ${width}x${height}; ${MAX_SAMPLE_BYTES} bytes are the most`,
    );
  }
  return [height, width, channels];
}

/** Section 9.2: each line begins with how its bytes differ from those to the left and above. */
function unfilter(
  lines: Uint8Array,
  { height, stride, channels }: { height: number; stride: number; channels: number },
): Uint8Array | undefined {
  const out = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1) + 1;
    const to = y * stride;
    const kind = lines[from - 1];
    if (kind > 4) return undefined;
    if (kind === 0) {
      out.set(lines.subarray(from, from + stride), to);
      continue;
    }
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? out[to + x - channels] : 0;
      const up = y > 0 ? out[to + x - stride] : 0;
      const corner = x >= channels && y > 0 ? out[to + x - stride - channels] : 0;
      out[to + x] = lines[from + x] + predicted(kind, left, up, corner);
    }
  }
  return out;
}

function predicted(kind: number, left: number, up: number, corner: number): number {
  if (kind === 1) return left;
  if (kind === 2) return up;
  if (kind === 3) return (left + up) >> 1;
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** Of a chunk's type and data. `zlib.crc32` is not in the oldest Node that runs this. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});
