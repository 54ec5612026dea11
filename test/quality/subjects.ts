/** Sets of images with a known fault, made of MNIST's own. */

/** Pixels of an image. */
export const PIXELS = 784;
const SIDE = 28;

export interface Digits {
  /** `[count, 28, 28]`. */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

/** Bytes from a linear congruential generator (Knuth, MMIX): noise without a seed of its own. */
export function noise(count: number): Uint8Array {
  let state = 1n;
  return Uint8Array.from({ length: count * PIXELS }, () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number(state >> 56n);
  });
}

/** The first image again and again. */
export function repeated({ images }: Digits, count: number): Uint8Array {
  return Uint8Array.from({ length: count * PIXELS }, (_, i) => images[i % PIXELS]);
}

/** The first images that do not show one digit. */
export function without({ images, labels }: Digits, digit: number, count: number): Uint8Array {
  const kept = Array.from(labels.keys()).filter((i) => labels[i] !== digit);
  return Uint8Array.from(
    { length: count * PIXELS },
    (_, i) => images[kept[Math.floor(i / PIXELS)] * PIXELS + (i % PIXELS)],
  );
}

/** Each pixel becomes the mean of the square of 5 by 5 pixels around it, as far as there are any. */
export function blurred(images: Uint8Array): Uint8Array {
  return images.map((_, i) => {
    const image = i - (i % PIXELS);
    const [row, column] = [Math.floor((i % PIXELS) / SIDE), i % SIDE];
    let sum = 0;
    for (let y = Math.max(0, row - 2); y <= Math.min(SIDE - 1, row + 2); y++) {
      for (let x = Math.max(0, column - 2); x <= Math.min(SIDE - 1, column + 2); x++)
        sum += images[image + y * SIDE + x];
    }
    return Math.round(sum / 25);
  });
}
