/** How a command that takes a while is watched and stopped. */
export interface Watched {
  /** Aborted when the user wants it to stop; nothing is left half-written then. */
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number) => void;
}
