/** Points of the latent space from a seed. They are not those of `gradcast sample`, whose generator is longer. */

/** What decides where points lie. */
interface Latent {
  readonly latent: number;
  readonly distribution: 'normal' | 'uniform';
}

/** Random numbers from 0 to below 1: mulberry32 (Tommy Ettinger, 2017), begun at a hash of seed and index. */
function random(seed: number, index: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The point of an image: standard normal by Box and Muller (1958), or uniform on [-1, 1). */
export function noiseOf({ latent, distribution }: Latent, seed: number, index: number): Float32Array {
  const next = random(seed, index);
  return Float32Array.from({ length: latent }, () => {
    if (distribution === 'uniform') return 2 * next() - 1;
    return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  });
}
