/**
 * A 128-bit fingerprint over raw 32-bit words: thirty-two lanes of xor, multiply and rotate, folded into four words.
 *
 * Independent lanes leave the order of work to the machine without leaving any freedom in the result. Thirty-two of them,
 * in eight 128-bit registers, are what it takes to wait for no multiplication. Each lane step is a bijection of the lane
 * for a given word and of the word for a given lane, so a single changed word always changes the fingerprint.
 */
import type { Fingerprint } from './kernels.ts';

export const LANES = 32;
const MULTIPLIER = 0x9e3779b1;
/** Words that are passed over several times: as many as a first-level cache holds. */
const PASS_WORDS = 4096;

/** Lane seeds: odd, distinct, no structure (fractional bits of the square roots of the first 32 primes, made odd). */
export const LANE_SEEDS = Int32Array.from([
  0x6a09e667, 0xbb67ae85, 0x3c6ef373, 0xa54ff53b, 0x510e527f, 0x9b05688d, 0x1f83d9ab, 0x5be0cd19, 0xcbbb9d5d,
  0x629a292b, 0x9159015b, 0x152fecd9, 0x67332667, 0x8eb44a87, 0xdb0c2e0d, 0x47b5481d, 0xae5f9157, 0xcf6c85d3,
  0x2f73477d, 0x6d1826cb, 0x8b43d457, 0xe360b597, 0x1c456003, 0x6f196331, 0xd94ebeb1, 0x0cc4a611, 0x261dc1f3,
  0x5815a7bf, 0x70b7ed67, 0xa1513c69, 0x44f93635, 0x720dcdfd,
]);

/** Takes words in, thirty-two at a time, from any number of vectors. */
export class FingerprintState {
  readonly #lanes = Int32Array.from(LANE_SEEDS);
  #words = 0;

  /** Adds a vector; one whose length is no multiple of that is treated as padded with zero words. */
  update(vector: Float32Array): void {
    const words = new Int32Array(vector.buffer, vector.byteOffset, vector.length);
    const whole = words.length - (words.length % LANES);
    for (let from = 0; from < whole; from += PASS_WORDS) this.#mix(words, from, Math.min(from + PASS_WORDS, whole));
    if (whole < words.length) {
      const rest = new Int32Array(LANES);
      rest.set(words.subarray(whole));
      this.#mix(rest, 0, LANES);
    }
    this.#words += words.length;
  }

  /** The fingerprint of all that was added. */
  digest(): Fingerprint {
    return digestLanes(this.#lanes, this.#words);
  }

  #mix(words: Int32Array, from: number, to: number): void {
    const lanes = this.#lanes;
    // Four lanes a pass keep all of them in registers; a pass reads every eighth group of words.
    for (let group = 0; group < LANES; group += 4) {
      let a = lanes[group];
      let b = lanes[group + 1];
      let c = lanes[group + 2];
      let d = lanes[group + 3];
      for (let i = from + group; i < to; i += LANES) {
        a = Math.imul(a ^ words[i], MULTIPLIER);
        a = (a << 13) | (a >>> 19);
        b = Math.imul(b ^ words[i + 1], MULTIPLIER);
        b = (b << 13) | (b >>> 19);
        c = Math.imul(c ^ words[i + 2], MULTIPLIER);
        c = (c << 13) | (c >>> 19);
        d = Math.imul(d ^ words[i + 3], MULTIPLIER);
        d = (d << 13) | (d >>> 19);
      }
      lanes[group] = a;
      lanes[group + 1] = b;
      lanes[group + 2] = c;
      lanes[group + 3] = d;
    }
  }
}

/** Folds the lanes and the number of words they took in to 32 hexadecimal digits. */
export function digestLanes(lanes: Int32Array, words: number): Fingerprint {
  const folded = new Uint32Array(4);
  for (let word = 0; word < 4; word++) {
    let hash = Math.imul(words ^ word, MULTIPLIER);
    for (let lane = word; lane < LANES; lane += 4) {
      hash = avalanche(Math.imul(hash ^ lanes[lane], 0x85ebca6b) + lane);
    }
    folded[word] = hash;
  }
  // Each output word has seen a quarter of the lanes so far; two rounds let every lane reach every word.
  for (let round = 0; round < 2; round++) {
    for (let word = 0; word < 4; word++) {
      folded[word] = avalanche(folded[word] ^ Math.imul(folded[(word + 1) % 4], 0xc2b2ae35));
    }
  }
  return Array.from(folded, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** MurmurHash3's 32-bit finaliser: every input bit reaches every output bit. */
function avalanche(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
