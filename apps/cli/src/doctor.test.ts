import { CANDIDATES, type Diagnosis, type DiagnosisTable, type InstallOptions } from '@gradcast/backends-node';
import { BACKEND_CHOICES } from '@gradcast/config';
import { BackendError } from '@gradcast/engine';
import { describe, expect, it } from 'vitest';
import { runDoctor, type DoctorOptions } from './doctor.ts';

const GPU = { index: 0, name: 'A10', uuid: 'GPU-1' };

function row(candidate: Diagnosis['candidate'], available: boolean, more: Partial<Diagnosis> = {}): Diagnosis {
  const reason = available ? `${candidate} 1.0` : `no ${candidate} here`;
  const remedy = available ? '' : `bring ${candidate}`;
  return { candidate, device: 'cpu', available, automatic: available, reason, remedy, ...more };
}

const ROWS = [row('cuda', false), row('webgpu', false), row('tensorflow', true), row('wasm', true)];

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Variants that were installed. */
  readonly variants: (string | undefined)[];
}

async function doctor(
  flags: Partial<DoctorOptions> = {},
  table: Partial<DiagnosisTable> = {},
  failure?: BackendError,
): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  const variants: (string | undefined)[] = [];
  const gpus = table.gpus ?? { driver: false, gpus: [], reason: 'no NVIDIA driver' };
  const code = await runDoctor({
    install: false,
    backend: 'auto',
    yes: false,
    json: false,
    env: {},
    stdout: { write: (text: string) => ((stdout += text), true) },
    stderr: { write: (text: string) => ((stderr += text), true) },
    gpuLister: () => Promise.resolve(gpus),
    diagnosis: () => Promise.resolve({ rows: ROWS, gpus, brokenCuda: false, ...table }),
    installer: ({ variant, onProgress }: InstallOptions) => {
      if (failure) return Promise.reject(failure);
      variants.push(variant);
      for (const bytes of [0, 4e7, 4.1e7, 1e8]) onProgress?.({ stage: 'download', file: 'f', bytes, totalBytes: 1e8 });
      onProgress?.({ stage: 'build' });
      return Promise.resolve({ folder: '/cache/x', installed: true, set: {} as never });
    },
    ...flags,
  });
  return { code, stdout, stderr, variants };
}

describe('gradcast doctor', () => {
  it('prints a row for each candidate, its reason, its remedy, and what auto takes', async () => {
    const { code, stdout } = await doctor();
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'backend     device  runs  why',
      'cuda        cpu     no    no cuda here',
      '                          -> bring cuda',
      'webgpu      cpu     no    no webgpu here',
      '                          -> bring webgpu',
      'tensorflow  cpu     yes   tensorflow 1.0',
      'wasm        cpu     yes   wasm 1.0',
      '--backend auto takes tensorflow (cpu).',
      '',
    ]);
  });

  it('says below its row whether a device adds the leaves of a lease', async () => {
    const differs = { onDevice: false, code: 'webgpu-sums-differ', reason: 'its sums\u001b[31m differ' } as const;
    const lines = async (leases: Diagnosis['leases']) => {
      const rows = [row('webgpu', true, { leases, remedy: 'use it by name' }), row('wasm', true)];
      return (await doctor({}, { rows })).stdout.split('\n').slice(1, 4);
    };
    expect(await lines({ onDevice: true })).toEqual([
      'webgpu   cpu     yes   webgpu 1.0',
      '                       leases added on the device: yes, with --codec f32',
      '                       -> use it by name',
    ]);
    expect((await lines(differs))[1]).toBe(
      '                       leases added on the device: no, because its sums?[31m differ (webgpu-sums-differ)',
    );
    expect((await lines(undefined))[1]).toBe('                       -> use it by name');
  });

  it.each([
    [true, 'yes'],
    [false, 'no'],
  ])('says below its row whether parameters go up from pinned memory (%s)', async (pinned, word) => {
    const { stdout } = await doctor({}, { rows: [row('cuda', true, { pinned }), row('wasm', true)] });
    expect(stdout.split('\n')[2]).toBe(`                       parameters go up from pinned memory: ${word}`);
  });

  it('exits 1 when nothing runs, or not the one asked for', async () => {
    const none = ROWS.map(({ candidate }) => row(candidate, false));
    expect(await doctor({}, { rows: none })).toMatchObject({ code: 1 });
    expect(await doctor({ backend: 'webgpu' })).toMatchObject({ code: 1 });
    expect(await doctor({ backend: 'wasm' })).toMatchObject({ code: 0 });
    const software = row('webgpu', true, { automatic: false });
    expect(await doctor({}, { rows: [software] })).toMatchObject({ code: 1 });
    expect(await doctor({ backend: 'webgpu' }, { rows: [software] })).toMatchObject({ code: 0 });
  });

  it('exits 1 when TensorFlow sees no GPU of a loaded driver', async () => {
    const { code, stderr } = await doctor({}, { brokenCuda: true });
    expect(code).toBe(1);
    expect(stderr).toContain('NVIDIA driver');
  });

  it('prints one JSON object, and everything else to standard error', async () => {
    const { stdout, stderr } = await doctor({ json: true, install: true });
    expect(JSON.parse(stdout)).toMatchObject({ rows: ROWS, takes: 'tensorflow', note: '' });
    expect(stderr).toContain('compiling the binding');
  });
});

describe('gradcast doctor --build-binding', () => {
  it('compiles and does nothing else', async () => {
    const folders: string[] = [];
    const bindingBuilder = (folder: string) => (folders.push(folder), Promise.resolve(folder));
    const diagnosis = () => Promise.reject(new Error('nothing is to be diagnosed'));
    const { code, stdout } = await doctor({ buildBinding: '/opt/binding', bindingBuilder, diagnosis });
    expect([code, folders]).toEqual([0, ['/opt/binding']]);
    expect(stdout).toMatch(/^compiled the binding into \/opt\/binding in \d+ s\n$/);
  });

  it('exits 1 when it cannot, so that no image is made without it', async () => {
    const failure = new BackendError('native-build-failed', 'c++ broke', { remedy: 'CXX=g++' });
    const { code, stderr } = await doctor({ buildBinding: '/x', bindingBuilder: () => Promise.reject(failure) });
    expect(code).toBe(1);
    expect(stderr).toBe('the binding was not compiled: c++ broke\n  CXX=g++\n');
  });
});

describe('gradcast doctor --install', () => {
  it('installs for the processor and shows size and progress', async () => {
    const { code, stdout, variants } = await doctor({ install: true });
    expect(code).toBe(0);
    expect(variants).toEqual(['cpu']);
    expect(stdout.split('\n').filter((line) => line.startsWith('downloading'))).toEqual([
      'downloading native TensorFlow: 0 % of 100 MB',
      'downloading native TensorFlow: 40 % of 100 MB',
      'downloading native TensorFlow: 100 % of 100 MB',
    ]);
  });

  it.each(['wasm', 'webgpu'] as const)('has nothing to install for %s', async (backend) => {
    expect((await doctor({ install: true, backend })).variants).toEqual([]);
  });

  it('says why not, and which backend takes over, and exits 0', async () => {
    const failure = new BackendError('native-toolchain-missing', 'this machine lacks g++', {
      remedy: 'apt-get install g++',
    });
    const rows = [row('tensorflow', false), row('wasm', true)];
    const { code, stdout } = await doctor({ install: true }, { rows }, failure);
    expect(code).toBe(0);
    expect(stdout).toContain('native TensorFlow was not installed: this machine lacks g++\n  apt-get install g++\n');
    expect(stdout).toContain('--backend auto takes wasm');
  });

  it('exits 1 on a wheel with another hash, 130 when interrupted', async () => {
    const wrong = new BackendError('wheel-hash-mismatch', 'x.whl is not the pinned file', {
      remedy: 'check the mirror',
    });
    const refused = await doctor({ install: true }, {}, wrong);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('x.whl is not the pinned file');
    const interrupted = new BackendError('install-interrupted', 'interrupted', { remedy: 'again' });
    expect((await doctor({ install: true }, {}, interrupted)).code).toBe(130);
  });
});

describe('gradcast doctor --install beside an NVIDIA GPU', () => {
  const gpus = { driver: true, gpus: [GPU], reason: '' };

  it('fetches gigabytes under another licence only with --yes or a yes', async () => {
    const asked: string[] = [];
    const answer = (yes: boolean) => (question: string) => {
      asked.push(question);
      return Promise.resolve(yes);
    };
    expect((await doctor({ install: true, yes: true }, { gpus })).variants).toEqual(['cuda']);
    expect((await doctor({ install: true, ask: answer(true) }, { gpus })).variants).toEqual(['cuda']);
    expect((await doctor({ install: true, ask: answer(false) }, { gpus })).variants).toEqual(['cpu']);
    expect(asked[0]).toMatch(/3\.4 GB.*NVIDIA's licence/);
    const silent = await doctor({ install: true }, { gpus });
    expect(silent.variants).toEqual(['cpu']);
    expect(silent.stdout).toContain('CUDA was not installed');
  });
});

it('knows every backend that can be asked for, in the order in which auto tries them', () => {
  expect(BACKEND_CHOICES).toEqual(['auto', ...CANDIDATES]);
});
