/** The fingerprint's thirty-two lanes, four to a register. */

const MULTIPLIER: i32 = 0x9e3779b1;

function mixed(lanes: v128, words: v128): v128 {
  const product = i32x4.mul(v128.xor(lanes, words), i32x4.splat(MULTIPLIER));
  return v128.or(i32x4.shl(product, 13), i32x4.shr_u(product, 19));
}

/** Mixes `bytes` of words, a multiple of 128, into the 32-bit lanes at `lanes`. */
export function fingerprint(source: usize, bytes: usize, lanes: usize): void {
  const end = source + bytes;
  let a = v128.load(lanes);
  let b = v128.load(lanes, 16);
  let c = v128.load(lanes, 32);
  let d = v128.load(lanes, 48);
  let e = v128.load(lanes, 64);
  let f = v128.load(lanes, 80);
  let g = v128.load(lanes, 96);
  let h = v128.load(lanes, 112);
  while (source < end) {
    a = mixed(a, v128.load(source));
    b = mixed(b, v128.load(source, 16));
    c = mixed(c, v128.load(source, 32));
    d = mixed(d, v128.load(source, 48));
    e = mixed(e, v128.load(source, 64));
    f = mixed(f, v128.load(source, 80));
    g = mixed(g, v128.load(source, 96));
    h = mixed(h, v128.load(source, 112));
    source += 128;
  }
  v128.store(lanes, a);
  v128.store(lanes, b, 16);
  v128.store(lanes, c, 32);
  v128.store(lanes, d, 48);
  v128.store(lanes, e, 64);
  v128.store(lanes, f, 80);
  v128.store(lanes, g, 96);
  v128.store(lanes, h, 112);
}
