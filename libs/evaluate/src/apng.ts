/**
 * Animated PNG: still pictures, each a PNG file of its own, re-framed into one file chunk by chunk. Nothing is decoded, and no
 * more than one picture need be in memory. The first one is also what a viewer shows that knows no animation.
 *
 *     signature IHDR acTL  fcTL IDAT...  fcTL fdAT...  fcTL fdAT...  IEND
 *
 * Source: "Portable Network Graphics (PNG) Specification (Third Edition)", W3C 2025, sections 5 and 11.3.6.
 */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Length, type and checksum of a chunk, around its data. */
const CHUNK_BYTES = 12;
const HEADER_BYTES = 13;
/** Milliseconds are what a delay is counted in. */
const DELAY_DENOMINATOR = 1000;
const LONGEST_DELAY_MS = 65_535;

export interface AnimationOptions {
  /** Pictures that will be added; a reader is told beforehand. */
  readonly frames: number;
  /** How often it plays; 0, the default, is for ever. */
  readonly plays?: number;
}

/** A picture does not fit into the animation, or is no PNG. */
export class AnimationError extends Error {
  override readonly name = 'AnimationError';
  readonly code = 'animation-frame';
}

/** Writes an animation down, frame by frame: what `add` and `end` give, end to end, is the file. */
export class Animation {
  readonly #frames: number;
  readonly #plays: number;
  #header: Uint8Array | undefined;
  #added = 0;
  /** Of fcTL and fdAT chunks together. */
  #sequence = 0;

  /** @throws RangeError unless there is at least one frame. */
  constructor({ frames, plays = 0 }: AnimationOptions) {
    if (!Number.isInteger(frames) || frames < 1) throw new RangeError(`an animation has frames, not ${frames}`);
    this.#frames = frames;
    this.#plays = plays;
  }

  /**
   * The next picture.
   *
   * @param png a file with the same size and kind of pixels as those before, without a palette.
   * @param delayMs how long it is shown, whole milliseconds up to 65,535.
   * @returns bytes of the animation.
   * @throws AnimationError if it is none, or differs; RangeError for one picture too many or such a delay.
   */
  add(png: Uint8Array, delayMs: number): Uint8Array {
    if (this.#added === this.#frames) throw new RangeError(`the animation has its ${this.#frames} frames`);
    if (!Number.isInteger(delayMs) || delayMs < 0 || delayMs > LONGEST_DELAY_MS) {
      throw new RangeError(`a frame is shown for 0 to ${LONGEST_DELAY_MS} ms, not ${delayMs}`);
    }
    const { header, data } = pictureIn(png);
    const isFirst = this.#header === undefined;
    this.#header ??= header.slice();
    if (this.#header.some((byte, i) => byte !== header[i])) {
      throw new AnimationError('a picture differs from the first one in size or kind of pixels');
    }
    this.#added++;
    const begin = isFirst ? [Uint8Array.from(SIGNATURE), chunk('IHDR', [header]), this.#animationControl()] : [];
    const control = this.#frameControl(header, delayMs);
    const pixels = isFirst ? chunk('IDAT', data) : chunk('fdAT', [words(this.#sequence++), ...data]);
    return joined([...begin, control, pixels]);
  }

  /**
   * The last bytes of the file.
   *
   * @throws RangeError if pictures are missing.
   */
  end(): Uint8Array {
    if (this.#added < this.#frames) throw new RangeError(`${this.#added} of ${this.#frames} frames were added`);
    return chunk('IEND', []);
  }

  #animationControl(): Uint8Array {
    return chunk('acTL', [words(this.#frames, this.#plays)]);
  }

  /** The whole picture, in place of what was there: no offset, dispose and blend operations 0. */
  #frameControl(header: Uint8Array, delayMs: number): Uint8Array {
    const size = header.subarray(0, 8);
    const delay = Uint8Array.of(delayMs >> 8, delayMs & 255, DELAY_DENOMINATOR >> 8, DELAY_DENOMINATOR & 255);
    return chunk('fcTL', [words(this.#sequence++), size, words(0, 0), delay, Uint8Array.of(0, 0)]);
  }
}

/** IHDR's and IDAT's data: views on the file. @throws AnimationError */
function pictureIn(png: Uint8Array): { readonly header: Uint8Array; readonly data: Uint8Array[] } {
  if (SIGNATURE.some((byte, i) => png[i] !== byte)) throw new AnimationError('a picture is no PNG file');
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const data: Uint8Array[] = [];
  let header: Uint8Array | undefined;
  for (let at = SIGNATURE.length; at + CHUNK_BYTES <= png.length;) {
    const length = view.getUint32(at);
    if (length > png.length - at - CHUNK_BYTES) break;
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    const content = png.subarray(at + 8, at + 8 + length);
    if (view.getUint32(at + 8 + length) !== crc32([png.subarray(at + 4, at + 8 + length)])) {
      throw new AnimationError('a picture is damaged');
    }
    if (type === 'IHDR' && length === HEADER_BYTES) header = content;
    if (type === 'PLTE') throw new AnimationError('a picture has a palette');
    if (type === 'IDAT') data.push(content);
    if (type === 'IEND' && header && data.length > 0) return { header, data };
    at += CHUNK_BYTES + length;
  }
  throw new AnimationError('a picture is cut short');
}

function chunk(type: string, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const named = [Uint8Array.from(type, (letter) => letter.charCodeAt(0)), ...parts];
  return joined([words(length), ...named, words(crc32(named))]);
}

/** Unsigned 32-bit numbers, the highest byte first. */
function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Of each byte: ISO 3309, as the PNG specification's annex D has it. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

function crc32(parts: readonly Uint8Array[]): number {
  let crc = 0xffffffff;
  for (const part of parts) for (const byte of part) crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
