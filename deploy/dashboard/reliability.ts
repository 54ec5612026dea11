/** What went wrong, and what a kill would cost. A kind of fault that has not happened yet has no series: it is shown as 0. */
import { rate } from './panel.ts';
import type { Board } from './panel.ts';
import { alertsNow, stateOfRun } from './shared-panels.ts';

/** A counter a second by a label; one that has no series until it counts is 0 before. */
const faults = (metric: string, label: string) => [
  { expression: `sum by (${label}) (${rate(metric)}) or on () vector(0)`, legend: `{{${label}}}` },
];

export const reliability: Board = {
  name: 'reliability',
  title: 'Gradcast: reliability',
  description: 'What went wrong in a run, who was refused and why, and what a kill would cost',
  panels: [
    alertsNow,
    {
      title: 'Checkpoint age',
      description: 'What would be lost if the coordinator were killed now.',
      kind: 'stat',
      unit: 's',
      queries: [{ expression: 'time() - max(gradcast_checkpoint_timestamp_seconds)', legend: 'age' }],
    },
    {
      title: 'Disk left',
      description: 'Space left on the file system of the run folder.',
      kind: 'stat',
      unit: 'bytes',
      queries: [{ expression: 'min(gradcast_disk_free_bytes)', legend: 'left' }],
    },
    {
      title: 'Diverged steps',
      description: 'Steps in which the model diverged, skipped or the last.',
      kind: 'stat',
      unit: 'short',
      queries: [{ expression: 'sum(gradcast_diverged_steps_total)', legend: 'steps' }],
    },
    stateOfRun,
    {
      title: 'Workers and quorum',
      description: 'Workers that compute or could at once, and how many the run asks for.',
      kind: 'lines',
      unit: 'short',
      queries: [
        { expression: 'sum(gradcast_workers{state=~"idle|leased|quarantined"})', legend: 'active' },
        { expression: 'max(gradcast_quorum_workers)', legend: 'quorum' },
      ],
    },
    {
      title: 'Leases not accepted',
      description: 'Leases a second that ended otherwise than accepted.',
      kind: 'lines',
      unit: 'short',
      queries: [
        {
          expression: `sum by (outcome) (${rate('gradcast_leases_total{outcome!="accepted"}')})`,
          legend: '{{outcome}}',
        },
      ],
    },
    {
      title: 'Results refused',
      description: 'Results a second that were not used and count as their sender’s fault.',
      kind: 'lines',
      unit: 'short',
      queries: faults('gradcast_results_refused_total', 'reason'),
    },
    {
      title: 'Workers refused',
      description: 'Connections a second that were turned away or ended, by code.',
      kind: 'lines',
      unit: 'short',
      queries: faults('gradcast_workers_refused_total', 'reason'),
    },
    {
      title: 'Quarantines',
      description: 'Workers a second that got no more work for a while.',
      kind: 'lines',
      unit: 'short',
      queries: faults('gradcast_quarantines_total', 'reason'),
    },
    {
      title: 'Audits',
      description: 'Audited subtrees a second: two agreed, the arbiter found the same, or it found otherwise.',
      kind: 'lines',
      unit: 'short',
      queries: faults('gradcast_audits_total', 'ending'),
    },
    {
      title: 'Replica mismatches and distrusted leaves',
      description:
        'Since the coordinator started: results of a wrong replica; leaves used of volunteers found wrong later.',
      kind: 'lines',
      unit: 'short',
      queries: [
        { expression: 'sum(gradcast_replica_mismatches_total)', legend: 'mismatches' },
        { expression: 'sum(gradcast_distrusted_leaves_total)', legend: 'distrusted' },
      ],
    },
    {
      title: 'Age of the checkpoint',
      description: 'A saw; its teeth are what a kill would have cost.',
      kind: 'lines',
      unit: 's',
      queries: [{ expression: 'time() - max(gradcast_checkpoint_timestamp_seconds)', legend: 'age' }],
    },
    {
      title: 'Checkpoint time',
      description: 'Mean time to hash, write and sync a checkpoint, off the step loop.',
      kind: 'lines',
      unit: 's',
      queries: [
        {
          expression: 'sum(gradcast_checkpoint_duration_seconds_sum) / sum(gradcast_checkpoint_duration_seconds_count)',
          legend: 'mean',
        },
      ],
    },
    {
      title: 'Writes that failed',
      description: 'Since the coordinator started, by file.',
      kind: 'lines',
      unit: 'short',
      queries: [{ expression: 'sum by (file) (gradcast_write_failures_total)', legend: '{{file}}' }],
    },
    {
      title: 'Disk',
      description: 'Space of the file system of the run folder.',
      kind: 'lines',
      unit: 'bytes',
      queries: [
        { expression: 'min(gradcast_disk_free_bytes)', legend: 'left' },
        { expression: 'max(gradcast_disk_size_bytes)', legend: 'size' },
      ],
    },
    {
      title: 'Connections opened again',
      description: 'Since each worker started.',
      kind: 'lines',
      unit: 'short',
      queries: [{ expression: 'sum by (worker) (gradcast_reconnects_total)', legend: '{{worker}}' }],
    },
    {
      title: 'Event loop',
      description: 'How late the coordinator’s event loop was, 99th percentile; deadlines move by as much.',
      kind: 'lines',
      unit: 's',
      queries: [{ expression: 'nodejs_eventloop_lag_p99_seconds{worker=""}', legend: 'p99' }],
    },
  ],
};
