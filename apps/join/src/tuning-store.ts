/**
 * What was timed on this device's graphics processors, in IndexedDB. Where a browser keeps nothing (a private window, say),
 * it is timed anew each time.
 */
import type { TuningStore } from '@gradcast/backends-web';

const DATABASE = 'gradcast';
const TABLE = 'tuning';
/** Somebody who times takes ten seconds, and a little. */
const LONGEST_WAIT_MS = 30_000;

/** What is used of a browser; any of it may be missing. */
export interface Keeping {
  readonly indexedDB?: IDBFactory | undefined;
  readonly locks?: Pick<LockManager, 'request'> | undefined;
}

export function databaseStore({ indexedDB, locks }: Keeping = thisBrowser()): TuningStore {
  const request = async <T>(mode: IDBTransactionMode, ask: (table: IDBObjectStore) => IDBRequest<T>) => {
    if (!indexedDB) return undefined;
    try {
      const database = await opened(indexedDB);
      try {
        return await answered(ask(database.transaction(TABLE, mode).objectStore(TABLE)));
      } finally {
        database.close();
      }
    } catch {
      // Not allowed here, or full.
      return undefined;
    }
  };
  return {
    read: async (key) => {
      const kept: unknown = await request('readonly', (table) => table.get(key) as IDBRequest<unknown>);
      return typeof kept === 'string' ? kept : undefined;
    },
    write: async (key, text) => {
      await request('readwrite', (table) => table.put(text, key));
    },
    exclusively: async (key, work) => {
      let begun: ReturnType<typeof work> | undefined;
      const once = () => (begun ??= work());
      try {
        const signal = AbortSignal.timeout(LONGEST_WAIT_MS);
        return await (locks ? locks.request(`gradcast tuning ${key}`, { signal }, once) : once());
      } catch {
        // No lock, or not in time; a failure of the work is what it gives again.
        return once();
      }
    },
  };
}

function thisBrowser(): Keeping {
  const scope = globalThis as {
    readonly indexedDB?: IDBFactory;
    readonly navigator?: { readonly locks?: LockManager };
  };
  return { indexedDB: scope.indexedDB, locks: scope.navigator?.locks };
}

async function opened(factory: IDBFactory): Promise<IDBDatabase> {
  const request = factory.open(DATABASE, 1);
  request.onupgradeneeded = () => void request.result.createObjectStore(TABLE);
  return answered(request);
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database gave no answer'));
  });
}
