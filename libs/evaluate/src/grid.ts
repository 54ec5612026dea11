/** Sample images side by side in one picture, as people look at them. */
import { encode } from 'fast-png';

/** Pixels between two images and around the whole. */
const GUTTER = 2;

/** Mid grey: unlike the digits' black ground, so that each image's edge shows. */
const GUTTER_GREY = 64;

/** The largest grid: 16384 pixels either way, which every viewer opens. */
const MAX_PIXELS = 16_384;

/** Height, width and channels of an image: 1 (grey) or 3 (red, green, blue). */
export type ImageShape = readonly [number, number, number];

export interface GridOptions {
  readonly count: number;
  readonly shape: ImageShape;
  /** Images in a row; 8 by default. */
  readonly columns?: number;
  /** Fills columns of so many rows in place of rows: image i goes into row i modulo it. */
  readonly rows?: number | undefined;
}

/**
 * An 8-bit PNG of `count` images in rows of `columns`, first image top left.
 *
 * @param images `[count, ...shape]`, one byte for each channel of a pixel.
 * @returns the bytes of the PNG file.
 * @throws RangeError if `images` does not hold exactly `count` images, there are none, the picture is too large or its
 *   channels are neither 1 nor 3.
 */
export function sampleGrid(
  images: Uint8Array,
  { count, shape, columns = 8, rows = Infinity }: GridOptions,
): Uint8Array {
  const [imageHeight, imageWidth, channels] = shape;
  requireImages(images, count, shape);
  if (count < 1 || columns < 1 || rows < 1) {
    throw new RangeError('a grid needs at least one image, one row and one column');
  }
  requireColours(shape);
  const byColumns = Number.isFinite(rows);
  const across = byColumns ? Math.ceil(count / rows) : Math.min(columns, count);
  const down = byColumns ? Math.min(rows, count) : Math.ceil(count / across);
  const width = across * (imageWidth + GUTTER) + GUTTER;
  const height = down * (imageHeight + GUTTER) + GUTTER;
  if (Math.max(width, height) > MAX_PIXELS) throw new RangeError(`a grid of ${width}x${height} pixels is too large`);
  const data = new Uint8Array(width * height * channels).fill(GUTTER_GREY);
  const pitch = imageWidth * channels;
  for (let index = 0; index < count; index++) {
    const [column, line] = byColumns
      ? [Math.floor(index / rows), index % rows]
      : [index % across, Math.floor(index / across)];
    const left = GUTTER + column * (imageWidth + GUTTER);
    const top = GUTTER + line * (imageHeight + GUTTER);
    for (let row = 0; row < imageHeight; row++) {
      const from = (index * imageHeight + row) * pitch;
      data.set(images.subarray(from, from + pitch), ((top + row) * width + left) * channels);
    }
  }
  return encode({ width, height, data, channels, depth: 8 });
}

/** An image as a file of its own. */
export interface SamplePng {
  /** Its number from 0, with as many digits as the last one's: `07.png`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Each image as an 8-bit PNG of its own.
 *
 * @param images `[count, ...shape]`, one byte for each channel of a pixel.
 * @throws RangeError if `images` does not hold exactly `count` images or its channels are neither 1 nor 3.
 */
export function samplePngs(
  images: Uint8Array,
  { count, shape }: { readonly count: number; readonly shape: ImageShape },
): SamplePng[] {
  requireImages(images, count, shape);
  requireColours(shape);
  const [height, width, channels] = shape;
  const size = height * width * channels;
  const digits = String(count - 1).length;
  return Array.from({ length: count }, (_, index) => ({
    name: `${String(index).padStart(digits, '0')}.png`,
    bytes: encode({ width, height, data: images.subarray(index * size, (index + 1) * size), channels, depth: 8 }),
  }));
}

function requireColours([, , channels]: ImageShape): void {
  if (channels !== 1 && channels !== 3) throw new RangeError(`a picture has 1 or 3 channels, not ${channels}`);
}

/** @throws RangeError unless there are exactly so many images. */
export function requireImages(images: Uint8Array, count: number, [height, width, channels]: ImageShape): void {
  if (images.length !== count * height * width * channels) {
    throw new RangeError(`${images.length} bytes are not ${count} images of ${height}x${width}x${channels}`);
  }
}
