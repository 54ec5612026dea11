import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tuningStore } from './tuning-store.ts';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'gradcast-tuning-'));
});
afterEach(() => rm(cache, { recursive: true }));

const key = 'gpu:nvidia-h200\nsubgroups driver=NVIDIA: 580.1 / ../../etc';

describe('tuningStore', () => {
  it('has nothing at first, and then what was written, each key by itself', async () => {
    const store = tuningStore(cache);
    expect(await store.read(key)).toBeUndefined();
    await store.write(key, 'one');
    await store.write('another', 'two');
    await store.write(key, 'three');
    expect([await tuningStore(cache).read(key), await store.read('another')]).toEqual(['three', 'two']);
    expect(await readdir(join(cache, 'tuning'))).toHaveLength(2);
  });

  it('lets one work at a time, and leaves no lock behind', async () => {
    const store = tuningStore(cache);
    let [inside, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, (inside += 1));
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      return most;
    };
    await Promise.all([store.exclusively(key, work), store.exclusively(key, work), store.exclusively(key, work)]);
    expect(most).toBe(1);
    expect(await readdir(join(cache, 'tuning'))).toEqual([]);
  });

  it('does without a folder that cannot be written', async () => {
    await writeFile(join(cache, 'file'), '');
    const store = tuningStore(join(cache, 'file'));
    await store.write(key, 'one');
    expect(await store.read(key)).toBeUndefined();
    expect(await store.exclusively(key, () => Promise.resolve(5))).toBe(5);
  });

  it('works once, even if that fails', async () => {
    let times = 0;
    const work = () => {
      times += 1;
      return Promise.reject(new Error('no'));
    };
    await expect(tuningStore(cache).exclusively(key, work)).rejects.toThrow('no');
    expect(times).toBe(1);
  });

  it('takes what is no file for nothing', async () => {
    const store = tuningStore(cache);
    await store.write(key, 'one');
    const [name] = await readdir(join(cache, 'tuning'));
    await rm(join(cache, 'tuning', name));
    await mkdir(join(cache, 'tuning', name));
    expect(await store.read(key)).toBeUndefined();
    await store.write(key, 'two');
    expect(await store.read(key)).toBeUndefined();
  });
});
