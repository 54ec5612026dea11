/** One `.npy` file as a source: inputs as bytes or 32-bit floats, labels as whole numbers that become bytes. */
import { ByteFile } from './byte-file.ts';
import { DatasetError } from './errors.ts';
import { MAX_NPY_HEADER, NPY_PREAMBLE_BYTES, parseNpyHeader, parseNpyPreamble } from './npy.ts';
import { imageShape } from './shapes.ts';
import type { Source } from './source.ts';

interface Opened {
  readonly file: ByteFile;
  readonly dataStart: number;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** Bytes of each element of what can be read. */
const INPUT_BYTES: Readonly<Record<string, number | undefined>> = { '|u1': 1, '<f4': 4 };
const LABEL_BYTES: Readonly<Record<string, number | undefined>> = { '|u1': 1, '<i4': 4, '<i8': 8 };

/**
 * Samples of shape `shape[1:]`.
 *
 * @throws DatasetError those of {@link ByteFile.open} and of the header; `npy-dtype`, `npy-shape`, `npy-truncated`, `npy-count`.
 */
export async function openNpyInputs(path: string, root: string): Promise<Source> {
  const { file, dataStart, dtype, shape } = await openNpy(path, root, INPUT_BYTES, 'uint8 or little-endian float32');
  return {
    path,
    dtype: dtype === '<f4' ? 'f32' : 'u8',
    count: shape[0],
    shape: imageShape(shape.slice(1)),
    file: { bytes: file, offset: dataStart },
    chunks: () => file.chunks(dataStart),
    close: () => file.close(),
  };
}

/** Labels `[count]` or `[count, 1]`. @throws DatasetError as {@link openNpyInputs}; while it is read `data-label`. */
export async function openNpyLabels(path: string, root: string): Promise<Source> {
  const { file, dataStart, dtype, shape } = await openNpy(path, root, LABEL_BYTES, 'uint8, int32 or int64');
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1)) {
    await file.close();
    throw new DatasetError('npy-shape', `${path} has labels of shape ${shape.join('x')}, not one number a sample`);
  }
  return {
    path,
    dtype: 'u8',
    count: shape[0],
    shape: [],
    chunks: () => labelBytes(file, dataStart, LABEL_BYTES[dtype]!),
    close: () => file.close(),
  };
}

async function openNpy(
  path: string,
  root: string,
  known: Readonly<Record<string, number | undefined>>,
  wanted: string,
): Promise<Opened> {
  const file = await ByteFile.open(path, root);
  try {
    const start = new Uint8Array(Math.min(file.size, NPY_PREAMBLE_BYTES + MAX_NPY_HEADER));
    await file.fill(start, 0);
    const { headerStart, dataStart } = parseNpyPreamble(start.subarray(0, NPY_PREAMBLE_BYTES), path);
    if (start.length < dataStart) throw new DatasetError('npy-truncated', `${path} ends inside its header`);
    const { dtype, shape } = parseNpyHeader(start.subarray(headerStart, dataStart), path);
    const size = known[dtype];
    if (size === undefined) {
      throw new DatasetError('npy-dtype', `${path} holds numbers of type ${dtype}; ${wanted} are read`);
    }
    assertLength(path, { shape, size, bytes: file.size - dataStart });
    return { file, dataStart, dtype, shape };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function assertLength(path: string, found: { shape: readonly number[]; size: number; bytes: number }): void {
  const { shape, size, bytes } = found;
  if (shape.length === 0) throw new DatasetError('npy-shape', `${path} holds a single number`);
  const wanted = shape.reduce((product, dimension) => product * dimension, size);
  if (wanted === 0) throw new DatasetError('npy-count', `${path} says it holds nothing: shape ${shape.join('x')}`);
  const needs = `${wanted} bytes that ${shape.join('x')} needs`;
  if (bytes < wanted) throw new DatasetError('npy-truncated', `${path} is cut short: ${bytes} of the ${needs}`);
  if (bytes > wanted) throw new DatasetError('npy-count', `${path} is longer than the ${needs}`);
}

async function* labelBytes(file: ByteFile, start: number, size: number): AsyncGenerator<Uint8Array, void> {
  let before = 0;
  for await (const chunk of file.chunks(start)) {
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const labels = new Uint8Array(chunk.length / size);
    for (let i = 0; i < labels.length; i++) {
      const value =
        size === 1 ? chunk[i] : size === 4 ? view.getInt32(4 * i, true) : Number(view.getBigInt64(8 * i, true));
      if (value < 0 || value > 255) {
        throw new DatasetError('data-label', `${file.path}: label ${value} of sample ${before + i} is not in 0 to 255`);
      }
      labels[i] = value;
    }
    yield labels;
    before += labels.length;
  }
}
