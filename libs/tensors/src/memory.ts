/** Memory that is given back without waiting for a garbage collection. */

/** Smaller buffers are left to the collector; among them are those that several arrays share, such as Node's pool. */
const LARGE_BYTES = 1 << 20;

let nobody: MessagePort | undefined;

/**
 * Gives the memory of a large array back at once; every view of its buffer is empty from then on.
 *
 * A collector counts such memory as its own: left to it, each 64 MB of messages cost a collection of the whole heap. A
 * buffer that is transferred to a closed port belongs to nobody (HTML, "message port post message steps": the transfer
 * comes before the look at the port).
 */
export function freeMemory({ buffer }: ArrayBufferView): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < LARGE_BYTES) return;
  if (!nobody) {
    nobody = new MessageChannel().port1;
    nobody.close();
  }
  nobody.postMessage(null, [buffer]);
}
