/**
 * NumPy's array file, versions 1.0 to 3.0: magic, version, the header's length (u16, from version 2.0 on u32), a Python dict,
 * then the elements.
 *
 * Source: "NumPy Enhancement Proposal 1, A Simple File Format for NumPy Arrays", and `numpy.lib.format`.
 */
import { DatasetError } from './errors.ts';

/** Magic, version and the longer of both lengths. */
export const NPY_PREAMBLE_BYTES = 12;

/** Longest header that is read, as NumPy itself does unless it is told to trust the file. */
export const MAX_NPY_HEADER = 10_000;

const MAGIC = '\x93NUMPY';

export interface NpyHeader {
  /** As NumPy writes it: `|u1`, `<f4`. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * Where the header of a file lies.
 *
 * @param bytes the first {@link NPY_PREAMBLE_BYTES}, or all if there are fewer.
 * @throws DatasetError `npy-magic`, `npy-truncated`, `npy-header`.
 */
export function parseNpyPreamble(bytes: Uint8Array, name: string): { headerStart: number; dataStart: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) throw new DatasetError('npy-magic', `${name} is not an .npy file`);
  if (bytes.length < NPY_PREAMBLE_BYTES) throw new DatasetError('npy-truncated', `${name} is cut short`);
  const [major, minor] = bytes.subarray(MAGIC.length);
  if (major < 1 || major > 3 || minor !== 0) {
    throw new DatasetError('npy-header', `${name} is of .npy version ${major}.${minor}; 1.0 to 3.0 are read`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerStart = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_NPY_HEADER) {
    throw new DatasetError('npy-header', `${name} has a header of ${length} bytes, more than ${MAX_NPY_HEADER}`);
  }
  return { headerStart, dataStart: headerStart + length };
}

/**
 * Reads the dict of a header.
 *
 * @throws DatasetError `npy-header`; `npy-dtype` for records; `npy-order` for Fortran's order.
 */
export function parseNpyHeader(bytes: Uint8Array, name: string): NpyHeader {
  const text = new TextDecoder().decode(bytes).trim();
  const dict = /^\{(.*)\}$/s.exec(text)?.[1];
  const broken = new DatasetError('npy-header', `${name} has a header that NumPy does not write`);
  if (dict === undefined) throw broken;
  if (/'descr'\s*:\s*\[/.test(dict)) throw new DatasetError('npy-dtype', `${name} holds records, not numbers`);
  const fields = new Map<string, string>();
  const rest = dict.replace(
    /'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\([\d\sL,]*\))\s*(?:,|$)/g,
    (_, key: string, value: string) => {
      fields.set(key, value);
      return '';
    },
  );
  const shape = shapeOf(fields.get('shape'));
  const dtype = /^'(.*)'$/.exec(fields.get('descr') ?? '')?.[1];
  const order = fields.get('fortran_order');
  if (rest.trim() !== '' || !shape || dtype === undefined || (order !== 'True' && order !== 'False')) throw broken;
  if (order === 'True' && shape.length > 1) {
    throw new DatasetError('npy-order', `${name} is in Fortran's order; save it with numpy.ascontiguousarray`);
  }
  return { dtype, shape };
}

/** `(60000, 28, 28)`, `(3,)`, `()`; Python 2 wrote an L behind large numbers. */
function shapeOf(text: string | undefined): number[] | undefined {
  if (text?.startsWith('(') !== true) return undefined;
  const parts = text.slice(1, -1).split(',');
  if (parts.at(-1)?.trim() === '') parts.pop();
  const numbers = parts.map((part) => (/^\s*\d{1,15}L?\s*$/.test(part) ? Number.parseInt(part.trim(), 10) : NaN));
  return numbers.every((value) => Number.isSafeInteger(value)) ? numbers : undefined;
}
