import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gpuOf, listGpus } from './gpus.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-driver-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A driver of two GPUs, one of them cut into a MIG slice, unless another script is given. */
const TWO = `[ "$1" = -L ] || exit 2
echo 'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-11111111-aaaa)'
echo '  MIG 1g.10gb     Device  0: (UUID: MIG-33333333-cccc)'
echo 'GPU 1: NVIDIA A10 (UUID: GPU-22222222-bbbb)'
`;

async function driver(script = TWO): Promise<Record<string, string>> {
  const program = join(folder, 'nvidia-smi');
  await writeFile(program, `#!/bin/sh\n${script}`);
  await chmod(program, 0o755);
  return { PATH: `${folder}:/usr/bin:/bin` };
}

describe('listGpus, with a fake driver on PATH', () => {
  it('reads names, indices and UUIDs', async () => {
    const { driver: loaded, gpus } = await listGpus(await driver());
    expect(loaded).toBe(true);
    expect(gpus).toEqual([
      { index: 0, name: 'NVIDIA H100 80GB HBM3', uuid: 'GPU-11111111-aaaa' },
      { index: 1, name: 'NVIDIA A10', uuid: 'GPU-22222222-bbbb' },
    ]);
  });

  it.each([
    ['1', [1]],
    ['1,0', [1, 0]],
    ['GPU-2222', [1]],
    ['0,7,1', [0]],
    ['', []],
    ['-1', []],
  ])('respects CUDA_VISIBLE_DEVICES=%s', async (variable, indices) => {
    const { gpus, reason } = await listGpus({ ...(await driver()), CUDA_VISIBLE_DEVICES: variable });
    expect(gpus.map(({ index }) => index)).toEqual(indices);
    expect(reason).toBe(indices.length === 0 ? 'CUDA_VISIBLE_DEVICES hides every GPU' : '');
  });

  it('tells a driver without GPUs and a broken one', async () => {
    expect(await listGpus(await driver('exit 0\n'))).toMatchObject({
      driver: true,
      reason: 'the NVIDIA driver lists no GPU',
    });
    const broken = await listGpus(
      await driver('echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18\n'),
    );
    expect(broken).toMatchObject({ driver: true, gpus: [] });
    expect(broken.reason).toContain('version mismatch');
  });

  it('needs no driver', async () => {
    const { gpus, reason } = await listGpus({ PATH: folder });
    expect(gpus).toEqual([]);
    expect(reason).not.toBe('');
  });
});

describe('gpuOf', () => {
  const gpus = [0, 1, 2].map((index) => ({ index, name: 'X', uuid: `GPU-${index}` }));

  it('gives worker i the GPU i mod G, so all are used evenly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(40), (count, worker) => {
        expect(gpuOf(worker, gpus.slice(0, count))?.index).toBe(worker % count);
      }),
    );
  });

  it('gives none without GPUs and refuses bad indices', () => {
    expect(gpuOf(3, [])).toBeUndefined();
    expect(() => gpuOf(-1, gpus)).toThrow(RangeError);
    expect(() => gpuOf(0.5, gpus)).toThrow(RangeError);
  });
});
