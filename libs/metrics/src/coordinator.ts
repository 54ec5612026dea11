/** What a coordinator tells Prometheus. */
import type { Counter, Gauge, Histogram } from 'prom-client';
import { doublingBuckets, MetricsFactory } from './registry.ts';
import type { MetricsRegistry } from './registry.ts';

/** How a lease ended. */
const LEASE_OUTCOMES = ['accepted', 'late', 'expired', 'refused', 'duplicate', 'audited'] as const;

/** What a worker is doing. */
const WORKER_STATES = ['joining', 'idle', 'leased', 'quarantined', 'parked', 'leaving'] as const;

/** What a coordinator writes. */
const WRITTEN_FILES = ['checkpoint', 'ledger', 'metrics', 'events', 'sample', 'tensorboard'] as const;

/** Codes of refused results, and how audits end. Each is exported as 0 from the start, so that its first increase shows. */
const RESULT_REFUSALS = ['replica-mismatch', 'message-invalid', 'result-numeric', 'audit-lost'] as const;
const AUDIT_ENDINGS = ['agreed', 'confirmed', 'settled'] as const;

/** Why somebody was not let steer a run from its page. */
const STEERING_REFUSALS = [
  'origin-refused',
  'host-refused',
  'frame-refused',
  'content-type',
  'too-many-requests',
  'view-token',
  'not-operator',
  'not-confirmed',
] as const;

export type WrittenFile = (typeof WRITTEN_FILES)[number];
export type LeaseOutcome = (typeof LEASE_OUTCOMES)[number];
export type WorkerState = (typeof WORKER_STATES)[number];

/** A coordinator's metrics; durations are in seconds. */
export interface CoordinatorMetrics {
  readonly registry: MetricsRegistry;
  /** Real training images used in closed steps. */
  readonly images: Counter;
  readonly steps: Counter;
  /** Steps in which the model diverged, skipped or the last of the run. */
  readonly divergedSteps: Counter;
  readonly stepSeconds: Histogram;
  /** Phases of a step, each observed once a step. */
  readonly stepPhaseSeconds: Histogram<'phase'>;
  readonly leaseSeconds: Histogram<'worker'>;
  /** Computing and the way there and back, each observed once a lease. */
  readonly leasePhaseSeconds: Histogram<'phase'>;
  readonly leases: Counter<'outcome'>;
  /** Results that were not used and count as their sender's fault. */
  readonly resultsRefused: Counter<'reason'>;
  readonly workersRefused: Counter<'reason'>;
  /** Those who were not let steer the run from its page. */
  readonly steeringRefused: Counter<'reason'>;
  /** Volunteers are counted apart. */
  readonly workers: Gauge<'state'>;
  readonly volunteers: Gauge<'state'>;
  /** Workers without which no step is computed. */
  readonly quorumWorkers: Gauge;
  /** Leaves of closed steps, by the role of who sent them and what became of them. */
  readonly leaves: Counter<'role' | 'outcome'>;
  /** Leaves in the model, unchecked, of volunteers that were found wrong later. */
  readonly distrustedLeaves: Counter;
  /** 1 for the state that the run is in, else 0. */
  readonly runState: Gauge<'state'>;
  readonly wireBytes: Counter<'direction' | 'message'>;
  readonly loss: Gauge<'network'>;
  readonly gradientNorm: Gauge<'network'>;
  /** Of the last closed step, under the names of metrics.jsonl. */
  readonly scalar: Gauge<'scalar'>;
  readonly learningRate: Gauge;
  /** Newest score on a split of the data set, 0 to 1. */
  readonly score: Gauge<'score' | 'split'>;
  /** Newest scores of samples by a judge, by name; docs/quality.md says what each is. */
  readonly quality: Gauge<'score'>;
  /** Share of samples that the judge reads as a class, of the newest evaluation. */
  readonly classShare: Gauge<'class'>;
  /** How much the samples of the newest grid differ, 0 to 0.5. */
  readonly sampleSpread: Gauge;
  /** Of the shares of the classes that a judge reads in the newest grid, in nats; none where it reads none. */
  readonly sampleEntropy: Gauge;
  /** How few of them hold 95 % of its samples. */
  readonly sampleClasses: Gauge;
  /** 1 while training is in that trouble, as its task names it, else 0. */
  readonly trouble: Gauge<'trouble'>;
  /** Seconds since 1970 at which the newest checkpoint was safe; none until there is one. */
  readonly checkpointTimestamp: Gauge;
  /** What `--save-seconds` says. */
  readonly checkpointInterval: Gauge;
  readonly checkpointSeconds: Histogram;
  readonly replicaMismatches: Counter;
  /** Spans for OpenTelemetry, by what became of them: sent, or dropped. */
  readonly spans: Counter<'outcome'>;
  /** Writes to the run folder that failed, as on a full disk. */
  readonly writeFailures: Counter<'file'>;
  /** Of the file system of the run folder, as who runs the coordinator may use it; none where the system does not tell. */
  readonly diskFreeBytes: Gauge;
  readonly diskSizeBytes: Gauge;
  /** Audits by how they ended. */
  readonly audits: Counter<'ending'>;
  readonly quarantines: Counter<'reason'>;
  /** Drops the series of a worker that left, so that names of the past do not pile up. */
  forgetWorker(worker: string): void;
}

/** What is built and running. */
export interface BuildInfo {
  readonly version: string;
  readonly preset: string;
}

/** Makes a coordinator's metrics, all counters at zero, in a registry of their own. */
export function coordinatorMetrics({ version, preset }: BuildInfo): CoordinatorMetrics {
  const make = new MetricsFactory();
  const leaseSeconds = make.histogram('lease_duration_seconds', 'Time from handing out a lease to its last result.', {
    buckets: doublingBuckets(0.01, 14),
    labels: ['worker'],
  });
  const metrics: CoordinatorMetrics = {
    registry: make.registry,
    images: make.counter('images_total', 'Real training images used in closed steps.'),
    steps: make.counter('steps_total', 'Steps closed.'),
    divergedSteps: make.counter('diverged_steps_total', 'Steps in which the model diverged.'),
    stepSeconds: make.histogram('step_duration_seconds', 'Time from opening a step to opening the next.', {
      buckets: doublingBuckets(0.01, 14),
    }),
    stepPhaseSeconds: make.histogram(
      'step_phase_duration_seconds',
      'Where the time of a step goes: phases add up to it.',
      {
        buckets: doublingBuckets(0.0005, 16),
        labels: ['phase'],
      },
    ),
    leaseSeconds,
    leasePhaseSeconds: make.histogram('lease_phase_duration_seconds', 'Where the time of a lease goes.', {
      buckets: doublingBuckets(0.0005, 16),
      labels: ['phase'],
    }),
    leases: make.counter('leases_total', 'Leases by how they ended.', ['outcome']),
    resultsRefused: make.counter('results_refused_total', 'Results refused, by code.', ['reason']),
    workersRefused: make.counter('workers_refused_total', 'Connections refused, by code.', ['reason']),
    steeringRefused: make.counter('steering_refused_total', 'Acts on the page that were refused, by code.', ['reason']),
    workers: make.gauge('workers', 'Connected workers by what they are doing, volunteers left out.', ['state']),
    volunteers: make.gauge('volunteers', 'Connected volunteers by what they are doing.', ['state']),
    quorumWorkers: make.gauge('quorum_workers', 'Workers without which no step is computed.'),
    leaves: make.counter('leaves_total', 'Leaves that came for closed steps, by role of the sender and outcome.', [
      'role',
      'outcome',
    ]),
    distrustedLeaves: make.counter(
      'distrusted_leaves_total',
      'Leaves that were used unchecked of volunteers which were found wrong later.',
    ),
    runState: make.gauge('run_state', '1 for the state that the run is in, else 0.', ['state']),
    wireBytes: make.counter('wire_bytes_total', 'Bytes of WebSocket messages.', ['direction', 'message']),
    loss: make.gauge('loss', 'Mean loss of the last closed step.', ['network']),
    gradientNorm: make.gauge('gradient_norm', 'Norm of the averaged gradient of the last closed step.', ['network']),
    scalar: make.gauge('scalar', 'Scalars of the last closed step, as metrics.jsonl names them.', ['scalar']),
    learningRate: make.unknownGauge('learning_rate', 'Learning rate of the last closed step.'),
    score: make.gauge('score', 'Newest score of the model in training, on samples of a split.', ['score', 'split']),
    quality: make.gauge('quality', 'Newest scores of generated samples by a judge.', ['score']),
    classShare: make.gauge('class_share', 'Share of samples read as a class in the newest evaluation.', ['class']),
    sampleSpread: make.unknownGauge('sample_spread', 'How much the samples of the newest grid differ, 0 to 0.5.'),
    sampleEntropy: make.unknownGauge('sample_entropy', 'Entropy of the classes read in the newest grid, in nats.'),
    sampleClasses: make.unknownGauge('sample_classes', 'The fewest classes that hold 95 % of the newest grid.'),
    trouble: make.gauge('trouble', '1 while training is in that trouble, else 0.', ['trouble']),
    checkpointTimestamp: make.unknownGauge(
      'checkpoint_timestamp_seconds',
      'When the newest checkpoint was safe on disk.',
    ),
    checkpointInterval: make.gauge('checkpoint_interval_seconds', 'Time between checkpoints; 0 if steps are counted.'),
    checkpointSeconds: make.histogram('checkpoint_duration_seconds', 'Time to hash, write and sync a checkpoint.', {
      buckets: doublingBuckets(0.005, 14),
    }),
    writeFailures: make.counter('write_failures_total', 'Writes to the run folder that failed.', ['file']),
    spans: make.counter('spans_total', 'Spans for OpenTelemetry, by whether they got there.', ['outcome']),
    diskFreeBytes: make.unknownGauge('disk_free_bytes', 'Space left on the file system of the run folder.'),
    diskSizeBytes: make.unknownGauge('disk_size_bytes', 'Size of the file system of the run folder.'),
    replicaMismatches: make.counter('replica_mismatches_total', 'Results whose replica fingerprint was wrong.'),
    audits: make.counter('audits_total', 'Audited subtrees by how the audit ended.', ['ending']),
    quarantines: make.counter('quarantines_total', 'Quarantines of workers, by reason.', ['reason']),
    forgetWorker: (worker) => leaseSeconds.remove({ worker }),
  };
  for (const outcome of LEASE_OUTCOMES) metrics.leases.inc({ outcome }, 0);
  for (const outcome of ['sent', 'dropped'] as const) metrics.spans.inc({ outcome }, 0);
  for (const reason of RESULT_REFUSALS) metrics.resultsRefused.inc({ reason }, 0);
  for (const reason of STEERING_REFUSALS) metrics.steeringRefused.inc({ reason }, 0);
  for (const ending of AUDIT_ENDINGS) metrics.audits.inc({ ending }, 0);
  for (const file of WRITTEN_FILES) metrics.writeFailures.inc({ file }, 0);
  for (const state of WORKER_STATES) for (const gauge of [metrics.workers, metrics.volunteers]) gauge.set({ state }, 0);
  make.gauge('build_info', 'Version and preset, as labels.', ['version', 'preset']).set({ version, preset }, 1);
  return metrics;
}
