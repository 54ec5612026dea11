import { describe, expect, it } from 'vitest';
import { databaseStore } from './tuning-store.ts';
import type { Keeping } from './tuning-store.ts';

/** What of IndexedDB the store uses: one database, one table. */
function fakeDatabase(): { factory: IDBFactory; open: () => number; kept: Map<string, unknown> } {
  const kept = new Map<string, unknown>();
  let [isMade, opened] = [false, 0];
  const answer = (result: unknown, before?: () => void) => {
    const request: Record<string, unknown> = { result };
    queueMicrotask(() => {
      before?.();
      (request['onsuccess'] as () => void)();
    });
    return request;
  };
  const table = {
    get: (key: string) => answer(kept.get(key)),
    put: (value: unknown, key: string) => answer(key, () => kept.set(key, value)),
  };
  const database = {
    createObjectStore: () => (isMade = true),
    transaction: (name: string) => {
      if (!isMade || name !== 'tuning') throw new Error('NotFoundError');
      return { objectStore: () => table };
    },
    close: () => (opened -= 1),
  };
  const factory = {
    open: () => {
      opened += 1;
      const request: Record<string, unknown> = answer(database, () => {
        if (!isMade) (request['onupgradeneeded'] as () => void)();
      });
      return request;
    },
  };
  return { factory: factory as unknown as IDBFactory, open: () => opened, kept };
}

const failing = (): Keeping => ({
  indexedDB: {
    open: () => {
      const request: Record<string, unknown> = { error: new Error('InvalidStateError') };
      queueMicrotask(() => (request['onerror'] as () => void)());
      return request;
    },
  } as unknown as IDBFactory,
});

describe('databaseStore', () => {
  it('has nothing at first, and then what was written', async () => {
    const { factory, open } = fakeDatabase();
    const store = databaseStore({ indexedDB: factory });
    expect(await store.read('gpu:a')).toBeUndefined();
    await store.write('gpu:a', 'one');
    expect(await databaseStore({ indexedDB: factory }).read('gpu:a')).toBe('one');
    expect(await store.read('gpu:b')).toBeUndefined();
    expect(open()).toBe(0);
  });

  it('takes what is no text for nothing', async () => {
    const { factory, kept } = fakeDatabase();
    const store = databaseStore({ indexedDB: factory });
    await store.write('gpu:a', 'one');
    kept.set('gpu:a', { tile: 5 });
    expect(await store.read('gpu:a')).toBeUndefined();
  });

  it.each([
    ['no database', () => ({})],
    ['one that cannot be opened', failing],
    [
      'one that is forbidden',
      () => ({
        indexedDB: {
          open: () => {
            throw new Error('SecurityError');
          },
        } as unknown as IDBFactory,
      }),
    ],
  ])('keeps nothing where there is %s', async (_, keeping) => {
    const store = databaseStore(keeping());
    await store.write('gpu:a', 'one');
    expect(await store.read('gpu:a')).toBeUndefined();
    expect(await store.exclusively('gpu:a', () => Promise.resolve(7))).toBe(7);
  });

  it('works under a lock of its key where the browser has such, else without', async () => {
    const names: string[] = [];
    const request = (name: string, _: LockOptions, work: () => Promise<unknown>) => (names.push(name), work());
    const locks = { request } as unknown as LockManager;
    expect(await databaseStore({ locks }).exclusively('gpu:a', () => Promise.resolve(7))).toBe(7);
    expect(names).toEqual(['gradcast tuning gpu:a']);
    const refused = { request: () => Promise.reject(new Error('AbortError')) } as unknown as LockManager;
    expect(await databaseStore({ locks: refused }).exclusively('gpu:a', () => Promise.resolve(8))).toBe(8);
  });
});
