import { deflateSync } from 'node:zlib';

export interface PngOptions {
  /** `[height, width, channels]`. */
  readonly shape: readonly [number, number, number];
  readonly pixels: Uint8Array;
  /** Of each line, 0 to 4; 0 where there is none. */
  readonly filters?: readonly number[];
  /** What the header says instead of the truth: width, height, depth, colour type, compression, filter method, interlace. */
  readonly claims?: Partial<Record<'width' | 'height' | 'depth' | 'colour' | 'interlace', number>>;
  /** Chunks between header and pixels, by type. */
  readonly extra?: readonly (readonly [type: string, data: Uint8Array])[];
  /** Pieces that the compressed pixels are cut into. */
  readonly pieces?: number;
}

const COLOUR_TYPES = [0, 0, 4, 2, 6];

/** A PNG image of 8 bits a channel. */
export function pngFile({ shape, pixels, filters = [], claims = {}, extra = [], pieces = 1 }: PngOptions): Buffer {
  const [height, width, channels] = shape;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(claims.width ?? width);
  header.writeUInt32BE(claims.height ?? height, 4);
  header.set([claims.depth ?? 8, claims.colour ?? COLOUR_TYPES[channels], 0, 0, claims.interlace ?? 0], 8);
  const packed = deflateSync(filtered(pixels, { height, stride: width * channels, channels, filters }));
  const size = Math.ceil(packed.length / pieces);
  const data = Array.from({ length: pieces }, (_, i) => chunk('IDAT', packed.subarray(i * size, (i + 1) * size)));
  const others = extra.map(([type, bytes]) => chunk(type, bytes));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk('IHDR', header), ...others, ...data, chunk('IEND', Buffer.alloc(0))]);
}

function filtered(
  pixels: Uint8Array,
  lines: { height: number; stride: number; channels: number; filters: readonly number[] },
): Buffer {
  const { height, stride, channels, filters } = lines;
  const out = Buffer.alloc(height * (stride + 1));
  const at = (y: number, x: number) => (y < 0 || x < 0 ? 0 : pixels[y * stride + x]);
  for (let y = 0; y < height; y++) {
    const filter = filters[y] ?? 0;
    out[y * (stride + 1)] = filter;
    for (let x = 0; x < stride; x++) {
      const [a, b, c] = [at(y, x - channels), at(y - 1, x), at(y - 1, x - channels)];
      const guesses = [0, a, b, Math.floor((a + b) / 2), paeth(a, b, c)];
      out[y * (stride + 1) + 1 + x] = at(y, x) - (guesses[filter] ?? 0);
    }
  }
  return out;
}

function paeth(a: number, b: number, c: number): number {
  const distances = [a, b, c].map((value) => Math.abs(a + b - c - value));
  return [a, b, c][distances.indexOf(Math.min(...distances))];
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(body.length + 8);
  frame.writeUInt32BE(data.length);
  frame.set(body, 4);
  frame.writeUInt32BE(crcOf(body), body.length + 4);
  return frame;
}

/** Bit by bit, as the specification defines it. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
