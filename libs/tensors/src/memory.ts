/** Memory that is given back without waiting for a garbage collection. */

/** Smaller buffers are left to the collector; among them are those that several arrays share, such as Node's pool. */
const LARGE_BYTES = 1 << 20;
/** The most that glibc's threshold goes up to (DEFAULT_MMAP_THRESHOLD_MAX), less what it adds to a block. */
const LARGEST_BLOCK_BYTES = (32 << 20) - (64 << 10);

let nobody: MessagePort | undefined;

/**
 * Gives the memory of a large array back at once; every view of its buffer is empty from then on.
 *
 * A collector counts such memory as its own: left to it, each 64 MB of messages cost a collection of the whole heap.
 */
export function freeMemory(array: ArrayBufferView): void {
  const buffers = ownBuffers(array);
  if (buffers.length > 0) give(buffers);
}

/**
 * What of an array may be transferred to another thread: the buffer of a large one, which is nobody else's. A smaller one may share
 * its buffer and is copied.
 */
export function ownBuffers({ buffer }: ArrayBufferView): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength >= LARGE_BYTES ? [buffer] : [];
}

/** As {@link freeMemory}, for arrays of any size, of which those are left alone that share their buffer with others. */
export function freeAll(arrays: readonly ArrayBufferView[]): void {
  const own = arrays.filter(({ buffer, byteLength }) => buffer.byteLength === byteLength);
  give(own.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer));
}

/**
 * Lets the C library keep what is freed, up to 64 MB at the end of its heap, instead of handing pages back to the system
 * and having them zeroed again in the next step.
 *
 * glibc keeps twice as much as the largest block of its own mapping that was freed so far (mallopt(3), M_MMAP_THRESHOLD).
 * Elsewhere this does nothing; the block's pages are never touched.
 */
export function keepFreedMemory(): void {
  give([new ArrayBuffer(LARGEST_BLOCK_BYTES)]);
}

/**
 * A buffer that is transferred to a closed port belongs to nobody (HTML, "message port post message steps": the transfer
 * comes before the look at the port).
 */
function give(buffers: ArrayBuffer[]): void {
  if (!nobody) {
    nobody = new MessageChannel().port1;
    nobody.close();
  }
  nobody.postMessage(null, buffers);
}
