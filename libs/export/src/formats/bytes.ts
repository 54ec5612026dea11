/** A tensor's numbers, little-endian f32 as every machine that runs this has them: a view. */
export function bytesOf({ data }: { readonly data: Float32Array }): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
