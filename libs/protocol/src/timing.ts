/** Times that both sides keep to. */

/**
 * The longest pause of a worker between two tries to reach a coordinator. One that ends waits a little longer for workers
 * that it has just lost, so none of them misses the end of its run.
 */
export const LONGEST_RETRY_MS = 4_000;

/** While a long message moves, either side is heard from at least this often. */
export const HEARTBEAT_MS = 5_000;

/** A rate as people read it. */
export function showRate(bytesPerSecond: number): string {
  const kilobytes = bytesPerSecond / 1000;
  return kilobytes < 1000 ? `${Math.round(kilobytes)} kB/s` : `${(kilobytes / 1000).toFixed(1)} MB/s`;
}
