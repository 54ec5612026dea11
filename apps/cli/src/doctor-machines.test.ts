/** `doctor` on every kind of machine: a table that a terminal can show, whatever drivers say of themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { diagnose, gpusIn } from '@gradcast/backends-node';
import { adapterFacts, kindOf } from '@gradcast/backends-web';
import type { ProbeReport } from '@gradcast/backends-node';
import type { AdapterInfo } from '@gradcast/backends-web';
import { isPrintable } from '@gradcast/protocol';
import { describe, expect, it } from 'vitest';
import { runDoctor } from './doctor.ts';

interface Machine {
  readonly adapter: { readonly info: AdapterInfo; readonly features: readonly string[] } | null;
  readonly nvidiaSmi: string | null;
}

const folder = new URL('../../../test/fixtures/machines/', import.meta.url);
const machines = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({
    name: file.slice(0, -5),
    ...(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Machine),
  }));

describe.each(machines)('doctor on $name', ({ adapter, nvidiaSmi }) => {
  it('has a row for each backend and names the one that it takes', async () => {
    const gpus = gpusIn(nvidiaSmi ?? '');
    const list = { driver: nvidiaSmi !== null, gpus, reason: gpus.length > 0 ? '' : 'no NVIDIA driver' };
    const devices: Record<string, string | undefined> = {
      cuda: gpus.length > 0 ? `cuda:${gpus[0].name}` : undefined,
      webgpu: adapter ? adapterFacts(kindOf(adapter.info), adapter.features).device : undefined,
      tensorflow: 'cpu',
      wasm: 'cpu',
    };
    let stdout = '';
    const code = await runDoctor({
      install: false,
      backend: 'auto',
      yes: false,
      json: false,
      env: {},
      stdout: { write: (text: string) => ((stdout += text), true) },
      stderr: { write: () => true },
      diagnosis: (options) =>
        diagnose({
          ...options,
          listGpus: () => Promise.resolve(list),
          probe: (candidate): Promise<ProbeReport> => {
            const device = devices[candidate];
            if (device !== undefined) return Promise.resolve({ ok: true, device, libraryVersion: '1.0' });
            return Promise.resolve({ ok: false, reason: 'not here', remedy: 'bring one' });
          },
        }),
    });
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.every(isPrintable)).toBe(true);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(200);
    for (const candidate of Object.keys(devices)) {
      const runs = devices[candidate] === undefined ? 'no' : 'yes|by name';
      expect(stdout).toMatch(new RegExp(`^${candidate} +.+ (${runs}) `, 'm'));
    }
    const kind = adapter ? kindOf(adapter.info).kind : undefined;
    const taken = gpus.length > 0 ? 'cuda' : kind === 'hardware' ? 'webgpu' : 'tensorflow';
    expect(stdout).toContain(`--backend auto takes ${taken} (`);
  });
});
