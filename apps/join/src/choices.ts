/** What the visitor chose, kept by this browser for the next time; nothing of it is secret. */
import type { Settings } from './messages.ts';

export interface Choices extends Settings {
  /** Stop while the battery is low. */
  readonly spareBattery: boolean;
}

const KEY = 'gradcast-choices';

/** What is used of `localStorage`; browsers may refuse all of it. */
export type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** Half of the cores, but few: the visitor has other things to do. */
export function usualChoices(cores: number): Choices {
  const workers = Math.max(1, Math.min(4, Math.floor(cores / 2)));
  return { workers, share: 1, gpu: false, spareBattery: true };
}

/** @returns what was kept, as far as it makes sense on this device. */
export function readChoices(store: Store | undefined, cores: number): Choices {
  const usual = usualChoices(cores);
  const kept = (parsed(store) ?? {}) as Partial<Record<keyof Choices, unknown>>;
  const { workers, share, spareBattery } = kept;
  const isCount = Number.isInteger(workers) && (workers as number) >= 1;
  return {
    workers: isCount ? Math.min(cores, workers as number) : usual.workers,
    share: typeof share === 'number' && share >= 0.1 && share <= 1 ? share : usual.share,
    // The graphics processor is asked for anew each time.
    gpu: false,
    spareBattery: typeof spareBattery === 'boolean' ? spareBattery : usual.spareBattery,
  };
}

export function keepChoices(store: Store | undefined, choices: Choices): void {
  try {
    store?.setItem(KEY, JSON.stringify(choices));
  } catch {
    // A browser that keeps nothing asks again.
  }
}

function parsed(store: Store | undefined): object | undefined {
  try {
    return Object(JSON.parse(store?.getItem(KEY) ?? '{}')) as object;
  } catch {
    return undefined;
  }
}
