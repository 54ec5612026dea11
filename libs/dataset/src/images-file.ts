/** Images in one `.npy` file that stands by itself, as `gradcast sample` writes it. */
import { dirname, resolve } from 'node:path';
import { realFolder } from './folder.ts';
import { DatasetError } from './errors.ts';
import { openNpyInputs } from './npy-file.ts';

export interface ImagesFile {
  /** `[count, ...shape]`, a byte for each channel of a pixel. */
  readonly images: Uint8Array;
  readonly count: number;
  readonly shape: readonly number[];
}

/** Larger files are refused. */
const MOST_BYTES = 2 ** 30;

/** @throws DatasetError as of any `.npy` file; `npy-dtype` unless it holds bytes; `data-large` above 1 GiB. */
export async function readImagesFile(path: string): Promise<ImagesFile> {
  const whole = resolve(path);
  const source = await openNpyInputs(whole, await realFolder(dirname(whole)));
  try {
    const { dtype, shape, count } = source;
    if (dtype !== 'u8') throw new DatasetError('npy-dtype', `${whole} holds floats; images are bytes, of type |u1`);
    const bytes = shape.reduce((product, dimension) => product * dimension, count);
    if (bytes > MOST_BYTES)
      throw new DatasetError('data-large', `${whole} holds ${bytes} bytes, more than ${MOST_BYTES}`);
    const images = new Uint8Array(bytes);
    let at = 0;
    for await (const chunk of source.chunks()) {
      images.set(chunk, at);
      at += chunk.length;
    }
    return { images, count, shape };
  } finally {
    await source.close();
  }
}
