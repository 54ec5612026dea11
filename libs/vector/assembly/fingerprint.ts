/** The fingerprint's sixteen lanes, four to a register. */

const MULTIPLIER: i32 = 0x9e3779b1;

function mixed(lanes: v128, words: v128): v128 {
  const product = i32x4.mul(v128.xor(lanes, words), i32x4.splat(MULTIPLIER));
  return v128.or(i32x4.shl(product, 13), i32x4.shr_u(product, 19));
}

/** Mixes `bytes` of words, a multiple of 64, into the sixteen 32-bit lanes at `lanes`. */
export function fingerprint(source: usize, bytes: usize, lanes: usize): void {
  const end = source + bytes;
  let a = v128.load(lanes);
  let b = v128.load(lanes, 16);
  let c = v128.load(lanes, 32);
  let d = v128.load(lanes, 48);
  while (source < end) {
    a = mixed(a, v128.load(source));
    b = mixed(b, v128.load(source, 16));
    c = mixed(c, v128.load(source, 32));
    d = mixed(d, v128.load(source, 48));
    source += 64;
  }
  v128.store(lanes, a);
  v128.store(lanes, b, 16);
  v128.store(lanes, c, 32);
  v128.store(lanes, d, 48);
}
