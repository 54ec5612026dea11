/**
 * Philox4x32-10, a counter-based generator: block n of a stream is a pure function of (seed, stream, index, n), so any
 * element can be drawn without drawing those before it, by any process, in any order.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), section 3.3.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;
const TWO_32 = 2 ** 32;

/** A seed, stream, index or position outside its range. */
export class RandomError extends RangeError {
  override readonly name = 'RandomError';
  readonly code: 'random-seed' | 'random-stream' | 'random-index' | 'random-position' | 'random-range';

  constructor(code: RandomError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The high 32 bits of the 64-bit product of two unsigned 32-bit integers. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/**
 * The ten-round bijection itself.
 *
 * @param counter four 32-bit words.
 * @param key two 32-bit words.
 * @param out takes the four result words; may be `counter`.
 */
export function philox4x32(counter: Uint32Array, key: Uint32Array, out: Uint32Array): void {
  let [c0, c1, c2, c3] = [counter[0], counter[1], counter[2], counter[3]];
  let [k0, k1] = [key[0], key[1]];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

function u32(value: number, code: RandomError['code'], name: string): number {
  if (!Number.isInteger(value) || value < 0 || value >= TWO_32) {
    throw new RandomError(code, `${name} must be an integer from 0 to ${TWO_32 - 1}, not ${value}`);
  }
  return value;
}

/** One keyed stream of blocks of four unsigned 32-bit words. */
export class Philox {
  readonly #key = new Uint32Array(2);
  readonly #counter = new Uint32Array(4);

  /**
   * @param seed unsigned, below 2^53.
   * @param stream unsigned 32-bit id of what the numbers are for, see `STREAMS`.
   * @param index unsigned 32-bit id of a stream within the stream, such as an epoch.
   * @throws RandomError `random-seed`, `random-stream` or `random-index` for a value outside its range.
   */
  constructor(seed: bigint | number, stream: number, index = 0) {
    const value = Number(seed);
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RandomError(
        'random-seed',
        `a seed must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not ${seed}`,
      );
    }
    this.#key[0] = value % TWO_32;
    this.#key[1] = Math.floor(value / TWO_32);
    this.#counter[2] = u32(stream, 'random-stream', 'a stream id');
    this.#counter[3] = u32(index, 'random-index', 'a stream index');
  }

  /**
   * Block number `counter` of the stream.
   *
   * @param counter integer from 0 to 2^53 - 1.
   * @param out takes the four words; a fresh array without it.
   * @throws RandomError `random-position` for a counter outside its range.
   */
  u32x4(counter: number, out: Uint32Array = new Uint32Array(4)): Uint32Array {
    if (!Number.isSafeInteger(counter) || counter < 0) {
      throw new RandomError('random-position', `a position must be a non-negative integer, not ${counter}`);
    }
    this.#counter[0] = counter % TWO_32;
    this.#counter[1] = Math.floor(counter / TWO_32);
    philox4x32(this.#counter, this.#key, out);
    return out;
  }
}
