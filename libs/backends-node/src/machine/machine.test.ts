import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gpusIn } from '../choose/gpus.ts';
import { adapterFacts, kindOf, type AdapterInfo } from '@gradcast/backends-web';
import { cpuFeatures, thisCpu, type Cpu } from './cpu.ts';

interface Recorded extends Cpu {
  readonly source: 'recorded' | 'written';
  readonly adapter: { readonly info: AdapterInfo; readonly features: readonly string[] } | null;
  readonly nvidiaSmi: string | null;
  readonly gpus: number | null;
}

const folder = new URL('../../../../test/fixtures/machines/', import.meta.url);
const machines = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({
    name: file.slice(0, -5),
    machine: JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Recorded,
  }));

function machine(name: string): Recorded {
  return machines.find((each) => each.name === name)!.machine;
}

describe('kinds of machines', () => {
  it('are at least a dozen, some of them recorded', () => {
    expect(machines.length).toBeGreaterThanOrEqual(12);
    expect(machines.some(({ machine: { source } }) => source === 'recorded')).toBe(true);
  });

  it.each(machines)('$name says what its processor is and has', ({ machine: { model, arch, cpuinfo } }) => {
    const features = cpuFeatures({ model, arch, cpuinfo });
    expect(features).not.toBe('');
    expect(features.startsWith(model.trim() || arch)).toBe(true);
  });

  it('tell their vector instructions, and no others', () => {
    expect(cpuFeatures(machine('haswell'))).toBe('Intel(R) Xeon(R) CPU E5-2670 v3 @ 2.30GHz avx avx2 fma sse4_2');
    expect(cpuFeatures(machine('graviton-3'))).toBe(
      'unknown asimd asimddp asimdfhm asimdhp asimdrdm bf16 sve svebf16 svei8mm',
    );
    expect(cpuFeatures(machine('apple-m'))).toBe('Apple M4 Pro');
    expect(cpuFeatures(machine('vm-common-kvm'))).toBe('Common KVM processor');
    expect(cpuFeatures(machine('vm-without-a-model'))).toMatch(/^x64 avx avx2 avx512bw /);
    const amx = cpuFeatures(machine('sapphire-rapids'));
    expect(amx).toContain('amx_bf16 amx_int8 amx_tile avx avx2 avx512_bf16');
    expect(amx.length).toBeGreaterThan(200);
  });

  it('tell the kind and name of their WebGPU adapter', () => {
    const named = machines.flatMap(({ name, machine: { adapter } }) => (adapter ? [[name, kindOf(adapter.info)]] : []));
    expect(Object.fromEntries(named)).toMatchObject({
      'emerald-rapids-vm': { kind: 'software', name: 'SwiftShader driver 5.0.0' },
      'mesa-llvmpipe': { kind: 'software' },
      'apple-m': { kind: 'hardware', name: 'Apple M4 Pro' },
      'intel-arc-laptop': { kind: 'hardware', name: 'intel xe-2lpg 0x64a0' },
      'zen-4-h200': { kind: 'hardware', name: 'nvidia-h200' },
      'zen-5': { kind: 'hardware', name: 'amd rdna-3 0x744c' },
    });
    const { info, features } = machine('zen-4-h200').adapter!;
    const facts = adapterFacts(kindOf(info), new Set(features));
    expect(facts.features.length).toBeGreaterThan(480);
    expect(facts.features).toBe([...[...features].sort(), 'driver=NVIDIA: 580.159.04 580.159.4.0'].join(' '));
  });

  it('list their GPUs', () => {
    for (const { machine: each } of machines) expect(gpusIn(each.nvidiaSmi ?? '')).toHaveLength(each.gpus ?? 0);
    expect(gpusIn(machine('256-cores-mig').nvidiaSmi!).map(({ name }) => name)).toEqual(
      Array.from({ length: 2 }, () => 'NVIDIA H100 80GB HBM3'),
    );
  });
});

describe('thisCpu', () => {
  it('reads the file that it is given, and bears that there is none', () => {
    const place = mkdtempSync(join(tmpdir(), 'gradcast-cpu-'));
    try {
      const path = join(place, 'cpuinfo');
      writeFileSync(path, machine('granite-rapids').cpuinfo!);
      expect(cpuFeatures({ ...thisCpu(path), model: 'm' })).toContain('amx_complex amx_fp16');
      expect(thisCpu(join(place, 'none')).cpuinfo).toBeNull();
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});
