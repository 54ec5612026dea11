/** Who computes, how fast, and what keeps them from it. What a worker says of itself carries its name from `/targets`. */
import { mean, quantile, rate } from './panel.ts';
import type { Board } from './panel.ts';
import { workersNow } from './shared-panels.ts';

export const workers: Board = {
  name: 'workers',
  title: 'Gradcast: workers',
  description: 'Who computes for a run, how fast, and what keeps them from it',
  panels: [
    workersNow,
    {
      title: 'Quorum',
      description: 'With fewer workers no step is computed (--min-workers).',
      kind: 'stat',
      unit: 'short',
      queries: [{ expression: 'max(gradcast_quorum_workers)', legend: 'quorum' }],
    },
    {
      title: 'Volunteers now',
      description: 'Volunteers that are connected.',
      kind: 'stat',
      unit: 'short',
      queries: [{ expression: 'sum(gradcast_volunteers)', legend: 'volunteers' }],
    },
    {
      title: 'Kept from work',
      description: 'Workers and volunteers in quarantine, or parked because their line is too slow.',
      kind: 'stat',
      unit: 'short',
      queries: [
        {
          expression: 'sum({__name__=~"gradcast_(workers|volunteers)", state=~"quarantined|parked"})',
          legend: 'kept from work',
        },
      ],
    },
    {
      title: 'Images per second by worker',
      description: 'What each worker computed, whether it was used or not.',
      kind: 'stack',
      unit: 'short',
      queries: [{ expression: `sum by (worker) (${rate('gradcast_worker_images_total')})`, legend: '{{worker}}' }],
    },
    {
      title: 'Workers by state',
      description: 'Connected workers by what they are doing.',
      kind: 'stack',
      unit: 'short',
      queries: [{ expression: 'sum by (state) (gradcast_workers)', legend: '{{state}}' }],
    },
    {
      title: 'Volunteers by state',
      description: 'Connected volunteers by what they are doing.',
      kind: 'stack',
      unit: 'short',
      queries: [{ expression: 'sum by (state) (gradcast_volunteers)', legend: '{{state}}' }],
    },
    {
      title: 'Lease time by worker',
      description: 'Median time from handing out a lease to its last result; a straggler stands out.',
      kind: 'lines',
      unit: 's',
      queries: [{ expression: quantile(0.5, 'gradcast_lease_duration_seconds', ['worker']), legend: '{{worker}}' }],
    },
    {
      title: 'Where a lease goes',
      description: 'Mean time that a lease is computed, and that its way there and back takes.',
      kind: 'stack',
      unit: 's',
      queries: [{ expression: mean('gradcast_lease_phase_duration_seconds', 'phase'), legend: '{{phase}}' }],
    },
    {
      title: 'Waiting',
      description: 'Share of its time that each worker spends with nothing to compute.',
      kind: 'lines',
      unit: 'percentunit',
      queries: [{ expression: `sum by (worker) (${rate('gradcast_lease_wait_seconds_total')})`, legend: '{{worker}}' }],
    },
    {
      title: 'Leaves by role and outcome',
      description: 'Leaves a second that came for closed steps: from workers and volunteers, used or not.',
      kind: 'stack',
      unit: 'short',
      queries: [
        { expression: `sum by (role, outcome) (${rate('gradcast_leaves_total')})`, legend: '{{role}} {{outcome}}' },
      ],
    },
    {
      title: 'Wire',
      description: 'Bytes of WebSocket messages, as the coordinator sees them.',
      kind: 'lines',
      unit: 'Bps',
      queries: [{ expression: `sum by (direction) (${rate('gradcast_wire_bytes_total')})`, legend: '{{direction}}' }],
    },
    {
      title: 'Processor',
      description: 'Cores that each worker keeps busy.',
      kind: 'stack',
      unit: 'short',
      queries: [
        { expression: `sum by (worker) (${rate('process_cpu_seconds_total{worker!=""}')})`, legend: '{{worker}}' },
      ],
    },
    {
      title: 'Memory',
      description: 'Resident memory of each worker.',
      kind: 'lines',
      unit: 'bytes',
      queries: [{ expression: 'sum by (worker) (process_resident_memory_bytes{worker!=""})', legend: '{{worker}}' }],
    },
    {
      title: 'GPU: busy',
      description: 'Share of the time in which a GPU computed, where nvidia-smi tells.',
      kind: 'lines',
      unit: 'percentunit',
      queries: [
        { expression: 'max by (worker, gpu) (gradcast_gpu_utilization_ratio)', legend: '{{worker}} GPU {{gpu}}' },
      ],
    },
    {
      title: 'GPU: memory',
      description: 'Memory of a GPU that is in use, by whomever, and what it has, where nvidia-smi tells.',
      kind: 'lines',
      unit: 'bytes',
      queries: [
        { expression: 'max by (worker, gpu) (gradcast_gpu_memory_used_bytes)', legend: '{{worker}} GPU {{gpu}}' },
        { expression: 'max(gradcast_gpu_memory_size_bytes)', legend: 'size' },
      ],
    },
  ],
};
