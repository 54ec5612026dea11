/** Times that both sides keep to. */

/**
 * The longest pause of a worker between two tries to reach a coordinator. One that ends waits a little longer for workers
 * that it has just lost, so none of them misses the end of its run.
 */
export const LONGEST_RETRY_MS = 4_000;
