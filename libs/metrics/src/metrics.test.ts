import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { coordinatorMetrics } from './coordinator.ts';
import { doublingBuckets, processMetrics } from './registry.ts';
import { workerMetrics } from './worker.ts';

const promtool = process.env['TEST_PROMTOOL'] ?? 'promtool';
const hasPromtool = spawnSync(promtool, ['--version']).status === 0;

/** Every metric with a value under every kind of label. */
function coordinator() {
  const metrics = coordinatorMetrics({ version: '0.1.0', preset: 'mnist' });
  metrics.images.inc(128);
  metrics.steps.inc();
  metrics.stepSeconds.observe(0.3);
  metrics.stepPhaseSeconds.observe({ phase: 'reduce' }, 0.25);
  metrics.leasePhaseSeconds.observe({ phase: 'compute' }, 0.25);
  metrics.leaseSeconds.observe({ worker: 'w1' }, 0.26);
  metrics.leases.inc({ outcome: 'accepted' });
  metrics.resultsRefused.inc({ reason: 'replica-mismatch' });
  metrics.workersRefused.inc({ reason: 'silent' });
  metrics.steeringRefused.inc({ reason: 'not-operator' });
  metrics.workers.set({ state: 'leased' }, 2);
  metrics.wireBytes.inc({ direction: 'out', message: 'lease' }, 1024);
  metrics.scalar.set({ scalar: 'd_x' }, 0.7);
  metrics.classShare.set({ class: '0' }, 0.1);
  metrics.sampleSpread.set(0.18);
  metrics.sampleEntropy.set(2.2);
  metrics.sampleClasses.set(9);
  metrics.trouble.set({ trouble: 'collapse' }, 0);
  metrics.quality.set({ score: 'frechet' }, 45.8);
  metrics.loss.set({ network: 'generator' }, 0.7);
  metrics.gradientNorm.set({ network: 'discriminator' }, 1.5);
  metrics.checkpointTimestamp.set(1_790_000_000);
  metrics.checkpointSeconds.observe(0.05);
  metrics.replicaMismatches.inc();
  metrics.writeFailures.inc({ file: 'ledger' });
  return metrics;
}

const names = async (registry: { metrics(): Promise<string> }): Promise<string[]> =>
  [...(await registry.metrics()).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name).sort();

describe('metrics', () => {
  it('have the documented names', async () => {
    expect(await names(coordinator().registry)).toEqual([
      'gradcast_audits_total',
      'gradcast_build_info',
      'gradcast_checkpoint_duration_seconds',
      'gradcast_checkpoint_interval_seconds',
      'gradcast_checkpoint_timestamp_seconds',
      'gradcast_class_share',
      'gradcast_disk_free_bytes',
      'gradcast_disk_size_bytes',
      'gradcast_distrusted_leaves_total',
      'gradcast_diverged_steps_total',
      'gradcast_gradient_norm',
      'gradcast_images_total',
      'gradcast_learning_rate',
      'gradcast_lease_duration_seconds',
      'gradcast_lease_phase_duration_seconds',
      'gradcast_leases_total',
      'gradcast_leaves_total',
      'gradcast_loss',
      'gradcast_quality',
      'gradcast_quarantines_total',
      'gradcast_quorum_workers',
      'gradcast_replica_mismatches_total',
      'gradcast_results_refused_total',
      'gradcast_run_state',
      'gradcast_sample_classes',
      'gradcast_sample_entropy',
      'gradcast_sample_spread',
      'gradcast_scalar',
      'gradcast_score',
      'gradcast_spans_total',
      'gradcast_steering_refused_total',
      'gradcast_step_duration_seconds',
      'gradcast_step_phase_duration_seconds',
      'gradcast_steps_total',
      'gradcast_trouble',
      'gradcast_volunteers',
      'gradcast_wire_bytes_total',
      'gradcast_workers',
      'gradcast_workers_refused_total',
      'gradcast_write_failures_total',
    ]);
    expect(await names(workerMetrics({ backend: 'wasm', device: 'cpu', version: '0.1.0' }).registry)).toEqual([
      'gradcast_backend_info',
      'gradcast_compute_seconds_total',
      'gradcast_gpu_memory_size_bytes',
      'gradcast_gpu_memory_used_bytes',
      'gradcast_gpu_utilization_ratio',
      'gradcast_lease_wait_seconds_total',
      'gradcast_reconnects_total',
      'gradcast_worker_images_total',
    ]);
  });

  it('start at zero, so that the first increase shows', async () => {
    const text = await coordinatorMetrics({ version: '0.1.0', preset: 'mnist' }).registry.metrics();
    for (const line of [
      'images_total 0',
      'leases_total{outcome="late"} 0',
      'results_refused_total{reason="audit-lost"} 0',
      'workers{state="idle"} 0',
    ]) {
      expect(text).toContain(`gradcast_${line}\n`);
    }
  });

  it('do not tell what is not known yet', async () => {
    const text = await coordinatorMetrics({ version: '0.1.0', preset: 'mnist' }).registry.metrics();
    expect(text).not.toMatch(/^gradcast_(checkpoint_timestamp_seconds|disk_(free|size)_bytes) /m);
  });

  it('have of GPUs what their driver tells now', async () => {
    const metrics = workerMetrics({ backend: 'tensorflow', device: 'cuda', version: '0.1.0' });
    const series = async () =>
      (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('gradcast_gpu'));
    expect(await series()).toEqual([]);
    metrics.showGpus([
      { index: 0, utilization: 0.5, usedBytes: 1024, sizeBytes: 4096 },
      { index: 1, utilization: undefined, usedBytes: 2048, sizeBytes: undefined },
    ]);
    expect(await series()).toEqual([
      'gradcast_gpu_utilization_ratio{gpu="0"} 0.5',
      'gradcast_gpu_memory_used_bytes{gpu="0"} 1024',
      'gradcast_gpu_memory_used_bytes{gpu="1"} 2048',
      'gradcast_gpu_memory_size_bytes{gpu="0"} 4096',
    ]);
    metrics.showGpus([]);
    expect(await series()).toEqual([]);
  });

  it('forget a worker that left', async () => {
    const metrics = coordinator();
    metrics.leaseSeconds.observe({ worker: 'w2' }, 0.1);
    metrics.forgetWorker('w1');
    const text = await metrics.registry.metrics();
    expect(text).not.toContain('worker="w1"');
    expect(text).toContain('worker="w2"');
  });

  it('do not share state between two coordinators', async () => {
    coordinator();
    const fresh = await coordinatorMetrics({ version: '0.1.0', preset: 'mnist' }).registry.metrics();
    expect(fresh).toContain('gradcast_steps_total 0\n');
  });

  it.skipIf(!hasPromtool)('keep the naming rules (needs promtool)', async () => {
    const worker = workerMetrics({ backend: 'wasm', device: 'cpu', version: '0.1.0' });
    const input = [await coordinator().registry.metrics(), await worker.registry.metrics()].join('\n');
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  it('include those of the process', async () => {
    expect(await names(processMetrics())).toContain('process_cpu_seconds_total');
  });
});

describe('doublingBuckets', () => {
  it('doubles', () => {
    expect(doublingBuckets(0.5, 4)).toEqual([0.5, 1, 2, 4]);
  });
});
