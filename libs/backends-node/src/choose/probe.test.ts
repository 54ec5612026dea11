import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackendError } from '@gradcast/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nativePaths } from '../native/cache.ts';
import { WHEEL_SETS } from '../native/wheels.ts';
import type { GpuList } from './gpus.ts';
import { detailsOf, processProber, runProbe } from './probe.ts';
import { rememberingProber } from './remember.ts';

const NO_GPU: GpuList = { driver: false, gpus: [], reason: 'no NVIDIA driver' };

let folder: string;
let entry: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradcast-probe-'));
  entry = join(folder, 'entry.mjs');
});
afterEach(() => rm(folder, { recursive: true }));

/** A prober whose child process runs this code. */
async function prober(code: string, more: object = {}) {
  await writeFile(entry, code);
  return processProber({ env: { PATH: '/usr/bin:/bin' }, gpus: NO_GPU, entry, cache: folder, ...more });
}

describe('processProber', () => {
  it('reads the report among whatever else is printed', async () => {
    const report = { ok: true, device: 'cpu', libraryVersion: '1' };
    const code = `console.log('noise'); console.log('gradcast-probe ' + ${JSON.stringify(JSON.stringify(report))})`;
    expect(await (await prober(code))('wasm')).toEqual(report);
  });

  it('tells the child what to try and where the cache is', async () => {
    const code = `import { writeFileSync } from 'node:fs';
      writeFileSync(process.env.GRADCAST_CACHE + '/seen', process.argv[2])`;
    await (
      await prober(code)
    )('wasm');
    expect(JSON.parse(await readFile(join(folder, 'seen'), 'utf8'))).toEqual({ candidate: 'wasm' });
    await (
      await prober(code, { details: true })
    )('wasm');
    expect(JSON.parse(await readFile(join(folder, 'seen'), 'utf8'))).toEqual({ candidate: 'wasm', details: true });
  });

  it('survives a child that dies of an illegal instruction', async () => {
    const report = await (
      await prober(`process.kill(process.pid, 'SIGILL'); await new Promise(() => setInterval(() => {}, 1e3))`)
    )('wasm');
    expect(report).toMatchObject({ ok: false, reason: expect.stringContaining('died of SIGILL') as string });
  });

  it('names the exit code of a child that says nothing', async () => {
    expect(await (await prober('process.exit(3)'))('wasm')).toMatchObject({
      reason: 'its test process died with exit code 3',
    });
  });

  it('ends a child that hangs', async () => {
    const probe = await prober('setInterval(() => {}, 1000)', { limitMs: 200 });
    expect(await probe('wasm')).toMatchObject({ ok: false, reason: 'did not answer in 0.2 s' });
  });

  const cuda = WHEEL_SETS.find(({ variant }) => variant === 'cuda')!;
  const here = `${process.platform}-${process.arch}` === cuda.platform;

  it.runIf(here)("shows the library's own words when there is no device, and blames what they blame", async () => {
    const { folder: installed } = nativePaths(cuda, folder);
    await mkdir(installed, { recursive: true });
    const gpus = { driver: true, gpus: [{ index: 0, name: 'A10', uuid: 'GPU-1' }], reason: '' };
    const report = { ok: false, reason: 'TensorFlow lists no GPU', remedy: 'see that nvidia-smi works' };
    const says = (line: string, end = `console.log('gradcast-probe ' + ${JSON.stringify(JSON.stringify(report))})`) =>
      prober(`console.error('I0000 00:00:1.2   3 port.cc:1] told'); console.error(${JSON.stringify(line)}); ${end}`, {
        gpus,
      });
    const lacking = await says(
      'W0000 00:00:1795837680.1   16307 gpu_device.cc:2365] Cannot dlopen some GPU libraries.',
    );
    expect(await lacking('cuda')).toEqual({
      ok: false,
      reason: 'TensorFlow lists no GPU; the library says: Cannot dlopen some GPU libraries.',
      remedy: `remove ${installed} and run gradcast doctor --install --backend cuda`,
    });
    const driver = await says('E0000 00:00:1795837680.1   16307 cuda_platform.cc:52] failed call to cuInit: (303)');
    expect(await driver('cuda')).toEqual({
      ...report,
      reason: 'TensorFlow lists no GPU; the library says: failed call to cuInit: (303)',
    });
    const crash = await says('F0000 00:00:1795837680.1   16307 a.cc:1] Check failed', 'process.exit(134)');
    expect(await crash('cuda')).toMatchObject({
      reason: 'its test process died with exit code 134; the library says: Check failed',
    });
  });

  it('starts no child where there is no hope', async () => {
    const probe = await prober(`import { writeFileSync } from 'node:fs'; writeFileSync('${folder}/started', '')`);
    expect(await probe('cuda')).toMatchObject({ reason: 'no NVIDIA driver' });
    expect(await probe('tensorflow')).toMatchObject({ reason: 'not installed', remedy: 'gradcast doctor --install' });
    await expect(readFile(`${folder}/started`)).rejects.toThrow();
  });

  it('says that CUDA is not installed where a GPU is', async () => {
    const gpus = { driver: true, gpus: [{ index: 0, name: 'A10', uuid: 'GPU-1' }], reason: '' };
    const report = await (await prober('', { gpus }))('cuda');
    expect(report).toMatchObject({ reason: 'not installed', remedy: 'gradcast doctor --install --backend cuda' });
  });

  it('hands the first GPU to the child once CUDA is installed', async () => {
    await mkdir(nativePaths(cuda, folder).folder, { recursive: true });
    const gpu = { index: 1, name: 'A10', uuid: 'GPU-1' };
    const code = `console.log('gradcast-probe ' + JSON.stringify({ ok: true, device: JSON.parse(process.argv[2]).gpu.name, libraryVersion: '1' }))`;
    const probe = await prober(code, { gpus: { driver: true, gpus: [gpu], reason: '' } });
    expect(await probe('cuda')).toMatchObject(here ? { ok: true, device: 'A10' } : { reason: 'not installed' });
  });
});

describe('runProbe', () => {
  it('computes on the backend and reports', async () => {
    let written = '';
    await runProbe(JSON.stringify({ candidate: 'wasm' }), (line) => (written += line));
    expect(JSON.parse(written.replace('gradcast-probe ', ''))).toMatchObject({ ok: true, device: 'cpu' });
  });

  it('reports a refusal instead of throwing', async () => {
    let written = '';
    await runProbe(JSON.stringify({ candidate: 'cuda' }), (line) => (written += line));
    expect(JSON.parse(written.replace('gradcast-probe ', ''))).toMatchObject({ ok: false, reason: 'cuda needs a GPU' });
    await expect(runProbe('{"candidate":"abacus"}', () => undefined)).rejects.toThrow('there is no backend abacus');
  });
});

describe('rememberingProber', () => {
  it('asks once as long as the answer is yes', async () => {
    const answers = [false, true, true];
    let asked = 0;
    const probe = rememberingProber(
      () => {
        const ok = answers[asked];
        asked += 1;
        return Promise.resolve(
          ok ? { ok, device: 'cpu', libraryVersion: '1' } : { ok: false, reason: 'r', remedy: '' },
        );
      },
      NO_GPU,
      folder,
    );
    expect((await probe('wasm')).ok).toBe(false);
    expect((await probe('wasm')).ok).toBe(true);
    expect((await probe('wasm')).ok).toBe(true);
    expect(asked).toBe(2);
    await probe('webgpu');
    await probe('webgpu');
    expect(asked).toBe(4);
  });
});

describe('detailsOf', () => {
  it('says whether a device adds leaves, or why not, and nothing where no device could', async () => {
    expect(await detailsOf({})).toEqual({});
    expect(await detailsOf({ sumRefusal: () => Promise.resolve(undefined) })).toEqual({ leases: { onDevice: true } });
    const refusal = new BackendError('webgpu-sums-differ', 'its sums differ', { remedy: 'none' });
    const differing = { onDevice: false, code: 'webgpu-sums-differ', reason: 'its sums differ' };
    expect(await detailsOf({ sumRefusal: () => Promise.resolve(refusal) })).toEqual({ leases: differing });
  });

  it('says whether uploads are from pinned memory, where that can be told', async () => {
    expect(await detailsOf({ uploadsPinned: () => false })).toEqual({ pinned: false });
    expect(await detailsOf({ uploadsPinned: () => undefined })).toEqual({});
  });
});
