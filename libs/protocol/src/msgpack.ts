/**
 * msgpack in JavaScript. The package's main entry takes strings apart in machine code where an optional package brings it:
 * headers are small and a peer's, so they stay out of that.
 */
import type { Options } from 'msgpackr';
import * as plain from 'msgpackr/pack';

/** What is used of the package; its own types speak of Node's Buffer, which browsers do not have. */
interface Packing {
  pack(value: unknown): Uint8Array;
  unpack(packed: Uint8Array): unknown;
}

// The types of this entry name no file that the compiler finds.
export const { Packr } = plain as unknown as { readonly Packr: new (options: Options) => Packing };
