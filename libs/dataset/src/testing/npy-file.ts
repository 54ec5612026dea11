/** An `.npy` file as NumPy writes it. */
export function npyFile(
  { dtype, shape, order = 'False' }: { dtype: string; shape: readonly number[]; order?: 'True' | 'False' },
  data: Uint8Array | Float32Array | Int32Array | BigInt64Array,
  version: 1 | 2 | 3 = 1,
): Buffer {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${dtype}', 'fortran_order': ${order}, 'shape': (${tuple}), }`;
  const before = version === 1 ? 10 : 12;
  const length = Math.ceil((before + dict.length + 1) / 64) * 64 - before;
  const start = Buffer.alloc(before);
  start.write('\x93NUMPY', 'latin1');
  start.writeUInt8(version, 6);
  if (version === 1) start.writeUInt16LE(length, 8);
  else start.writeUInt32LE(length, 8);
  return Buffer.concat([
    start,
    Buffer.from(`${dict.padEnd(length - 1)}\n`),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
}
