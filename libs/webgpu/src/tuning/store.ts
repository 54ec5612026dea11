/** Where what was timed is kept: the cache folder in Node, IndexedDB in a browser. */

export interface TuningStore {
  /** Undefined if nothing is kept there, or it cannot be read; never rejects. */
  read(key: string): Promise<string | undefined>;
  /** As well as it can; never rejects. */
  write(key: string, text: string): Promise<void>;
  /** Runs it while no other process or tab does for this key, as far as the runtime can see to that. */
  exclusively<T>(key: string, work: () => Promise<T>): Promise<T>;
}
