import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeCheckpoint } from './checkpoint.ts';
import { readStoredConfig } from './stored-config.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-stored-config-'));
  path = join(folder, 'step-000001.safetensors');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the configuration in a checkpoint', () => {
  const config = { preset: 'mnist', data: 'ü', length: { steps: 3 } };

  it('is read though the tensors are cut off', async () => {
    const tensors = { x: { dtype: 'F32', shape: [512], data: new Float32Array(512) } } as const;
    const ledger = { length: 1, head: '' };
    const info = { step: 1, config, manifest: {}, profile: [], incarnation: 1, ledger };
    await writeCheckpoint(path, { tensors, info });
    expect(readStoredConfig(path)).toEqual(config);
    await truncate(path, 1024);
    expect(readStoredConfig(path)).toEqual(config);
  });

  it.each(['', 'short', '\u00ff'.repeat(20), '\u0002\0\0\0\0\0\0\0{}'])('is not found in %j', async (bytes) => {
    await writeFile(path, bytes);
    expect(() => readStoredConfig(path)).toThrow(/checkpoint|safetensors/);
  });
});
