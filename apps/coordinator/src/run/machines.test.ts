/** Every kind of machine joins, works, and is told of in checkpoint and summary. */
import { EXAMPLE } from '@gradcast/definition/example';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint, writeCheckpoint } from '@gradcast/checkpoint';
import { cpuFeatures, gpusIn } from '@gradcast/backends-node';
import { adapterFacts, kindOf } from '@gradcast/backends-web';
import type { AdapterInfo } from '@gradcast/backends-web';
import type { BackendProfile } from '@gradcast/engine';
import type { ChildMessage } from '@gradcast/config';
import { ganTask, tinyPresets } from '@gradcast/gan';
import { TrainingState } from '@gradcast/optimizer';
import { ARITHMETIC_VERSION, isPrintable, labelOf, profileKey, profileOf } from '@gradcast/protocol';
import { referenceKernels as kernels } from '@gradcast/vector';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LOCAL } from '../network/credentials.ts';
import { FleetHarness } from './fleet-harness.ts';
import type { FakeWorker } from './fleet-harness.ts';
import { summarize } from '../records/summary.ts';
import { Telemetry } from '../records/telemetry.ts';
import { LineBudget } from '../network/line-budget.ts';
import { firstProfile } from '../records/used-profiles.ts';

interface Machine {
  readonly model: string;
  readonly arch: string;
  readonly cores: number;
  readonly cpuinfo: string | null;
  readonly adapter: { readonly info: AdapterInfo; readonly features: readonly string[] } | null;
  readonly nvidiaSmi: string | null;
}

const folder = new URL('../../../../test/fixtures/machines/', import.meta.url);
const model = ganTask(Object.values(tinyPresets)[0]);
/** Of the harness's workers. */
const PROBE = 'ab'.repeat(32);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The profiles of every backend that a machine may have. */
function profilesOf(machine: Machine): BackendProfile[] {
  const features = cpuFeatures(machine);
  const common = { threads: 1, mode: 'eager' } as const;
  const tensorflow = { ...common, backend: 'tensorflow', libraryVersion: '2.21.0', features } as const;
  const { adapter, cores } = machine;
  return [
    { ...common, backend: 'wasm', libraryVersion: '4.22.0', device: 'cpu', features: 'simd128' },
    { ...tensorflow, device: 'cpu', threads: cores, mode: 'graph' },
    ...gpusIn(machine.nvidiaSmi ?? '').map(({ name }) => ({ ...tensorflow, device: `cuda:${name}` })),
    ...(adapter
      ? [
          {
            ...common,
            backend: 'webgpu' as const,
            libraryVersion: '4.22.0',
            ...adapterFacts(kindOf(adapter.info), adapter.features),
          },
        ]
      : []),
  ];
}

/** What a worker with a profile says of itself. */
function introduction(profile: BackendProfile) {
  const { backend, device, threads } = profile;
  const facts = profileOf({ ...profile, protocol: ARITHMETIC_VERSION }, sha256);
  return { backend, device: labelOf(device), threads, profile: facts };
}

function coordinator(exactProfile: string | undefined | null = null) {
  const told: ChildMessage[] = [];
  const telemetry = new Telemetry({
    task: model,
    logger: pino({ level: 'silent' }),
    tell: (message) => void told.push(message),
    samplesPerEpoch: 100,
    totalSteps: 1,
    logInterval: 1,
    workerMetricsPort: 9464,
    lines: new LineBudget(() => 0),
    now: () => 0,
    wallClock: () => 0,
  });
  const harness = new FleetHarness({ events: telemetry.fleetEvents(), exactProfile });
  return { telemetry, harness, told };
}

function greet(worker: FakeWorker): FakeWorker {
  worker.hello();
  worker.ready();
  worker.applied(0);
  return worker;
}

async function machines(): Promise<{ name: string; machine: Machine }[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  return Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.json'.length),
      machine: JSON.parse(await readFile(new URL(file, folder), 'utf8')) as Machine,
    })),
  );
}

describe.each(await machines())('$name', ({ machine }) => {
  it.each(profilesOf(machine))('%#: joins and works with $backend', async (profile) => {
    const { telemetry, harness, told } = coordinator();
    const worker = greet(harness.connect('w', introduction(profile)));
    expect(worker.refusedWith).toBeUndefined();
    expect(worker.of('welcome')).toHaveLength(1);
    const step = harness.fleet.open(0);
    worker.answer();
    expect(step.isClosed).toBe(true);
    for (const message of told) {
      if (message.type === 'notice') expect(isPrintable(message.sentence)).toBe(true);
    }

    const place = await mkdtemp(join(tmpdir(), 'gradcast-machine-'));
    let stored: unknown;
    try {
      const path = join(place, 'checkpoint.safetensors');
      const ledger = { length: 1, head: '' };
      const info = { step: 1, config: {}, manifest: {}, incarnation: 1, ledger, profile: telemetry.used.keys };
      await writeCheckpoint(path, { info, tensors: {} });
      stored = (await readCheckpoint(path)).info.profile;
    } finally {
      await rm(place, { recursive: true });
    }
    expect(stored).toEqual([profileKey(introduction(profile).profile, PROBE)]);

    const summary = summarize({
      status: 'completed',
      definition: EXAMPLE,
      folder: { id: 'run', path: '/runs/run' },
      totalSteps: 1,
      state: TrainingState.initial({ task: model, kernels }, 1),
      telemetry,
      outputs: { grid: null, scores: null },
      evaluations: { newest: null },
      stoppedEarly: null,
    });
    expect(summary).toMatchObject({ backend: profile.backend, exact: true, workers: 1 });

    // An exact run that goes on from this checkpoint takes the same machine, and tells another what differs.
    const resumed = coordinator(firstProfile(stored)).harness;
    const [same, other] = [profile, { ...profile, threads: 77, features: `${profile.features} other` }];
    const ours = { credential: LOCAL };
    expect(greet(resumed.connect('same', introduction(same), ours)).refusedWith).toBeUndefined();
    const refused = greet(resumed.connect('other', introduction(other), ours));
    expect(refused.refusedWith).toBe('profile-mismatch');
    const { sentence } = refused.of('refuse')[0].message;
    expect(sentence).toContain('threads is 77, not ');
    expect(sentence).toContain('features is ');
    expect(isPrintable(sentence)).toBe(true);
  });
});
