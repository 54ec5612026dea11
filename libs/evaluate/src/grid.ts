/** Sample images side by side in one picture, as people look at them. */
import { encode } from 'fast-png';

/** Height and width of every image, in pixels. */
export const IMAGE_SIDE = 28;

/** Bytes of one image. */
export const IMAGE_BYTES = IMAGE_SIDE * IMAGE_SIDE;

/** Pixels between two images and around the whole. */
const GUTTER = 2;

/** Mid grey: unlike the digits' black ground, so that each image's edge shows. */
const GUTTER_GREY = 64;

/** The largest grid: 16384 pixels either way, which every viewer opens. */
const MAX_PIXELS = 16_384;

/**
 * A grey 8-bit PNG of `count` images in rows of `columns`, first image top left.
 *
 * @param images `[count, 28, 28]`, one byte per pixel.
 * @returns the bytes of the PNG file.
 * @throws RangeError if `images` does not hold exactly `count` images, there are none, or the picture is too large.
 */
export function sampleGrid(images: Uint8Array, count: number, columns = 8): Uint8Array {
  if (images.length !== count * IMAGE_BYTES) throw new RangeError(`${images.length} bytes are not ${count} images`);
  if (count < 1 || columns < 1) throw new RangeError('a grid needs at least one image and one column');
  const across = Math.min(columns, count);
  const rows = Math.ceil(count / across);
  const cell = IMAGE_SIDE + GUTTER;
  const width = across * cell + GUTTER;
  const height = rows * cell + GUTTER;
  if (Math.max(width, height) > MAX_PIXELS) throw new RangeError(`a grid of ${width}x${height} pixels is too large`);
  const data = new Uint8Array(width * height).fill(GUTTER_GREY);
  for (let index = 0; index < count; index++) {
    const left = GUTTER + (index % across) * cell;
    const top = GUTTER + Math.floor(index / across) * cell;
    for (let row = 0; row < IMAGE_SIDE; row++) {
      const from = index * IMAGE_BYTES + row * IMAGE_SIDE;
      data.set(images.subarray(from, from + IMAGE_SIDE), (top + row) * width + left);
    }
  }
  return encode({ width, height, data, channels: 1, depth: 8 });
}
