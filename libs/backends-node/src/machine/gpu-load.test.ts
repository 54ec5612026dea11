import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gpuLoads, gpuLoadsIn } from './gpu-load.ts';

const MIB = 2 ** 20;

describe('gpuLoadsIn', () => {
  it.each([
    ['one GPU', '0, 37, 10240, 81559\n', [[0, 0.37, 10240, 81559]]],
    [
      'eight, of which one is lost',
      '0, 100, 79000, 81559\n1, 0, 4, 81559\n[GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost]\n7, 12, 4, 81559\n',
      [
        [0, 1, 79000, 81559],
        [1, 0, 4, 81559],
        [7, 0.12, 4, 81559],
      ],
    ],
    ['MIG slices, which tell no utilization', '0, [N/A], 1024, 81559\n', [[0, undefined, 1024, 81559]]],
    ['memory that is shared with the processor', '0, 5, [Not Supported], [N/A]\n', [[0, 0.05, undefined, undefined]]],
    ['lines that end in CR LF', '0, 1, 2, 3\r\n', [[0, 0.01, 2, 3]]],
    ['words instead', 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.\n', []],
    ['nothing', '', []],
    ['numbers beyond all bounds', '0, 101, 99999999, 1e9\n64, 1, 1, 1\n-1, 1, 1, 1\n0.5, 1, 1, 1\n', [[0]]],
    ['a column too many, and too few', '0, 1, 2, 3, 4\n1, 2, 3\n', []],
  ])('reads %s', (_, printed, expected) => {
    expect(gpuLoadsIn(printed)).toEqual(
      expected.map(([index, utilization, used, size]) => ({
        index,
        utilization,
        usedBytes: used === undefined ? undefined : used * MIB,
        sizeBytes: size === undefined ? undefined : size * MIB,
      })),
    );
  });

  it('is bounded whatever is printed', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 300, unit: fc.constantFrom(...Array.from('0123456789,.[]N/A\n -e')) }),
        (printed) => {
          for (const { index, utilization = 0, usedBytes = 0, sizeBytes = 0 } of gpuLoadsIn(printed)) {
            expect(index).toBeLessThan(64);
            expect(utilization).toBeLessThanOrEqual(1);
            for (const bytes of [usedBytes, sizeBytes]) expect(bytes).toBeLessThanOrEqual(2 ** 44);
          }
        },
      ),
    );
    const many = Array.from({ length: 5000 }, (_, i) => `${i}, 1, 1, 1`).join('\n');
    expect(gpuLoadsIn(many)).toHaveLength(64);
  });
});

describe('gpuLoads, with a fake driver on PATH', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradcast-driver-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function driver(script: string): Promise<Record<string, string>> {
    const program = join(folder, 'nvidia-smi');
    await writeFile(program, `#!/bin/sh\n${script}`);
    await chmod(program, 0o755);
    return { PATH: `${folder}:/usr/bin:/bin` };
  }

  it('asks for what it reads', async () => {
    const asked =
      'case "$*" in "--query-gpu=index,utilization.gpu,memory.used,memory.total --format="*) ;; *) exit 2;; esac\n';
    expect(await gpuLoads(await driver(`${asked}echo "0, 37, 1, 2"`))).toEqual([
      { index: 0, utilization: 0.37, usedBytes: MIB, sizeBytes: 2 * MIB },
    ]);
  });

  it('tells one that fails from one that is not there', async () => {
    expect(await gpuLoads(await driver('echo "No devices were found"; exit 6'))).toEqual([]);
    expect(await gpuLoads({ PATH: join(folder, 'missing') })).toBeUndefined();
  });
});
