/** What the first chunk of a PNG file says (PNG specification, 11.2.1). */
import type { EncodedImage } from './event-proto.ts';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Numbers of a pixel, by colour type. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** @returns undefined if it is no PNG file. */
export function pngImage(bytes: Uint8Array): EncodedImage | undefined {
  if (bytes.length < 26 || SIGNATURE.some((byte, i) => bytes[i] !== byte)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const channels = CHANNELS[bytes[25]];
  return { width: view.getUint32(16), height: view.getUint32(20), channels, bytes };
}
