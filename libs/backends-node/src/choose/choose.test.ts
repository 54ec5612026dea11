import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordKey, writeRecord } from '@gradcast/webgpu';
import { describe, expect, it } from 'vitest';
import { nativePaths } from '../native/cache.ts';
import { WHEEL_SETS } from '../native/wheels.ts';
import { tuningStore } from '../webgpu/tuning-store.ts';
import type { ProbeReport } from './candidate.ts';
import type { Candidate } from './candidates.ts';
import { chooseBackend, diagnose, type ChooseOptions } from './choose.ts';
import type { GpuList } from './gpus.ts';

const NO_GPU: GpuList = { driver: false, gpus: [], reason: 'no NVIDIA driver' };
const ONE_GPU: GpuList = { driver: true, gpus: [{ index: 0, name: 'A10', uuid: 'GPU-1' }], reason: '' };

/** A machine on which exactly the named candidates run. */
function machine(
  devices: Partial<Record<Candidate, string>>,
  gpus: GpuList = NO_GPU,
): ChooseOptions & { asked: Candidate[] } {
  const asked: Candidate[] = [];
  return {
    asked,
    listGpus: () => Promise.resolve(gpus),
    probe: (candidate): Promise<ProbeReport> => {
      asked.push(candidate);
      const device = devices[candidate];
      if (device) return Promise.resolve({ ok: true, device, libraryVersion: '9.9' });
      return Promise.resolve({ ok: false, reason: `${candidate} is broken`, remedy: `repair ${candidate}` });
    },
  };
}

const everything = { cuda: 'cuda:A10', webgpu: 'gpu:Arc', tensorflow: 'cpu', wasm: 'cpu' } as const;

describe('chooseBackend auto', () => {
  it('takes the fastest and asks no further', async () => {
    const host = machine(everything, ONE_GPU);
    expect(await chooseBackend('auto', host)).toEqual({
      backend: 'tensorflow',
      candidate: 'cuda',
      device: 'cuda:A10',
      gpus: ONE_GPU.gpus,
      sentence: 'tensorflow 9.9 on cuda:A10',
    });
    expect(host.asked).toEqual(['cuda']);
  });

  it.each([
    [['cuda'], 'webgpu'],
    [['cuda', 'webgpu'], 'tensorflow'],
    [['cuda', 'webgpu', 'tensorflow'], 'wasm'],
  ] as const)('without %j takes %s and says why', async (missing, taken) => {
    const left = Object.entries(everything).filter(([name]) => !missing.some((other) => other === name));
    const devices: Partial<Record<Candidate, string>> = Object.fromEntries(left);
    const { candidate, sentence, gpus } = await chooseBackend('auto', machine(devices));
    expect(candidate).toBe(taken);
    expect(gpus).toEqual([]);
    expect(sentence).not.toContain('\n');
    for (const name of missing) expect(sentence).toContain(`${name}: ${name} is broken`);
  });

  it('leaves a processor that plays a GPU alone', async () => {
    const host = machine({ webgpu: 'software:SwiftShader', wasm: 'cpu' });
    const { candidate, sentence } = await chooseBackend('auto', host);
    expect(candidate).toBe('wasm');
    expect(sentence).toContain('webgpu: only a software adapter');
  });

  it('fails where nothing runs', async () => {
    await expect(chooseBackend('auto', machine({}))).rejects.toMatchObject({ code: 'backend-unavailable' });
  });
});

describe('chooseBackend by name', () => {
  it.each(['cuda', 'webgpu', 'tensorflow', 'wasm'] as const)('never replaces %s by another', async (name) => {
    const { cuda, tensorflow, ...others } = everything;
    const rest: Partial<Record<Candidate, string>> = name === 'tensorflow' ? others : { ...others, cuda, tensorflow };
    const devices = Object.fromEntries(Object.entries(rest).filter(([candidate]) => candidate !== name));
    await expect(chooseBackend(name, machine(devices))).rejects.toMatchObject({
      code: 'backend-unavailable',
      message: `the backend ${name} cannot run here: ${name} is broken`,
      remedy: `repair ${name}`,
    });
  });

  it('takes a software adapter when webgpu was asked for', async () => {
    const { device } = await chooseBackend('webgpu', machine({ webgpu: 'software:SwiftShader' }));
    expect(device).toBe('software:SwiftShader');
  });

  it('means CUDA by tensorflow where it runs, the processor elsewhere', async () => {
    expect((await chooseBackend('tensorflow', machine(everything, ONE_GPU))).device).toBe('cuda:A10');
    const { device, sentence } = await chooseBackend('tensorflow', machine({ tensorflow: 'cpu' }));
    expect(device).toBe('cpu');
    expect(sentence).toContain('cuda: cuda is broken');
  });
});

describe('diagnose', () => {
  it('has a row for each candidate, with reason and remedy', async () => {
    const { rows } = await diagnose(machine({ webgpu: 'software:SwiftShader', wasm: 'cpu' }));
    expect(rows.map(({ candidate, available, automatic }) => [candidate, available, automatic])).toEqual([
      ['cuda', false, false],
      ['webgpu', true, false],
      ['tensorflow', false, false],
      ['wasm', true, true],
    ]);
    expect(rows[0]).toMatchObject({ device: 'gpu', reason: 'cuda is broken', remedy: 'repair cuda' });
  });

  it('says of a GPU what its tuning came to', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'gradcast-'));
    try {
      const reasonOf = async (device: string, features: string) => {
        const probe = (): Promise<ProbeReport> =>
          Promise.resolve({ ok: true, device, libraryVersion: '4.2', features });
        const { rows } = await diagnose({ cache, listGpus: () => Promise.resolve(NO_GPU), probe });
        return rows.map(({ candidate, reason }) => [candidate, reason]);
      };
      expect(await reasonOf('gpu:arc', 'driver=1')).toEqual([
        ['cuda', 'tensorflow 4.2'],
        ['webgpu', 'webgpu 4.2, not tuned yet'],
        ['tensorflow', 'tensorflow 4.2'],
        ['wasm', 'wasm 4.2'],
      ]);
      const adapter = { device: 'gpu:arc', features: 'driver=1' };
      const record = writeRecord(adapter, new Map([['a', { tile: '64x32', timed: true, at: 1 }]]));
      await tuningStore(cache).write(recordKey(adapter), record);
      expect((await reasonOf('gpu:arc', 'driver=1'))[1]).toEqual([
        'webgpu',
        'webgpu 4.2, 1 product tuned, most with tiles of 64x32',
      ]);
      expect((await reasonOf('gpu:arc', 'driver=2'))[1]).toEqual(['webgpu', 'webgpu 4.2, not tuned yet']);
      expect((await reasonOf('software:SwiftShader', ''))[1]).toEqual(['webgpu', 'only a software adapter']);
    } finally {
      await rm(cache, { recursive: true });
    }
  });

  it('says whether a device adds the leaves of a lease, and what parameters go up from', async () => {
    const leases = { onDevice: false, code: 'webgpu-sums-differ', reason: 'its sums differ' } as const;
    const probe = (candidate: Candidate): Promise<ProbeReport> =>
      Promise.resolve({
        ok: true,
        device: 'cpu',
        libraryVersion: '4.2',
        ...(candidate === 'webgpu' && { leases }),
        ...(candidate === 'cuda' && { pinned: false }),
      });
    const { rows } = await diagnose({ listGpus: () => Promise.resolve(NO_GPU), probe });
    expect(rows.map((row) => row.leases)).toEqual([undefined, leases, undefined, undefined]);
    expect(rows.map(({ pinned }) => pinned)).toEqual([false, undefined, undefined, undefined]);
  });

  it('finds an installed CUDA library that sees no GPU of a loaded driver', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'gradcast-'));
    try {
      const cuda = WHEEL_SETS.find(({ variant }) => variant === 'cuda')!;
      const here = `${process.platform}-${process.arch}` === cuda.platform;
      const broken = async (more: ChooseOptions) => (await diagnose({ cache, env: {}, ...more })).brokenCuda;
      expect(await broken(machine({}, ONE_GPU))).toBe(false);
      await mkdir(nativePaths(cuda, cache).folder, { recursive: true });
      expect(await broken(machine({}, ONE_GPU))).toBe(here);
      expect(await broken(machine(everything, ONE_GPU))).toBe(false);
      expect(await broken(machine({}, NO_GPU))).toBe(false);
      const hidden = { ...ONE_GPU, gpus: [], reason: 'CUDA_VISIBLE_DEVICES hides every GPU' };
      expect(await broken({ ...machine({}, hidden), env: { CUDA_VISIBLE_DEVICES: '' } })).toBe(false);
    } finally {
      await rm(cache, { recursive: true });
    }
  });
});
