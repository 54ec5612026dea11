/**
 * Has a worker's metrics say how busy its GPUs are. The driver is asked now and then, by a process of its own and not when
 * somebody scrapes: neither a step nor a scrape waits for it.
 */
import type { GpuLoad } from '@gradcast/metrics';

export interface GpuWatchOptions {
  /** Asks the driver; undefined where there is none, which ends the watch. */
  readonly ask: () => Promise<readonly GpuLoad[] | undefined>;
  readonly show: (loads: readonly GpuLoad[]) => void;
  /** The GPU that this worker computes on, as its driver counts; undefined shows all of the machine. */
  readonly only: number | undefined;
  /** Calls back after so many milliseconds, unless it is cancelled by what it returns. */
  readonly after: (ms: number, callback: () => void) => () => void;
}

/** From one answer to the next question; Prometheus asks as often or less. */
const PAUSE_MS = 5_000;

/** Watches from now on. @returns what ends it. */
export function watchGpus({ ask, show, only, after }: GpuWatchOptions): () => void {
  let isOver = false;
  let cancel = () => {};
  const look = () => {
    void ask().then((loads) => {
      if (isOver || loads === undefined) return;
      show(loads.filter(({ index }) => only === undefined || index === only));
      cancel = after(PAUSE_MS, look);
    });
  };
  look();
  return () => {
    isOver = true;
    cancel();
  };
}
