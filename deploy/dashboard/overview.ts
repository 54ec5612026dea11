/** A run at a glance: how far, how fast, is it learning, what is wrong. */
import { mean, quantile, rate } from './panel.ts';
import type { Board } from './panel.ts';
import { alertsNow, loss, stateOfRun, workersNow } from './shared-panels.ts';

export const overview: Board = {
  name: 'overview',
  title: 'Gradcast: overview',
  description: 'One training run at a glance: how far it is, how fast, whether it learns and what is wrong',
  panels: [
    {
      title: 'Images',
      description: 'Real training images used so far.',
      kind: 'stat',
      unit: 'short',
      queries: [{ expression: 'sum(gradcast_images_total)', legend: 'images' }],
    },
    {
      title: 'Steps',
      description: 'Optimizer steps closed so far.',
      kind: 'stat',
      unit: 'short',
      queries: [{ expression: 'sum(gradcast_steps_total)', legend: 'steps' }],
    },
    workersNow,
    alertsNow,
    {
      title: 'Images per second',
      description: 'Images of closed steps.',
      kind: 'lines',
      unit: 'short',
      queries: [{ expression: `sum(${rate('gradcast_images_total')})`, legend: 'run' }],
    },
    {
      title: 'Step time',
      description: 'Median and 95th percentile of the time from opening a step to opening the next.',
      kind: 'lines',
      unit: 's',
      queries: [0.5, 0.95].map((share) => ({
        expression: quantile(share, 'gradcast_step_duration_seconds'),
        legend: `p${share * 100}`,
      })),
    },
    {
      title: 'Where a step goes',
      description: 'Mean time of each phase of a step; together they are its time.',
      kind: 'stack',
      unit: 's',
      queries: [{ expression: mean('gradcast_step_phase_duration_seconds', 'phase'), legend: '{{phase}}' }],
    },
    loss,
    stateOfRun,
    {
      title: 'Workers',
      description: 'Connected workers by what they are doing.',
      kind: 'stack',
      unit: 'short',
      queries: [{ expression: 'sum by (state) (gradcast_workers)', legend: '{{state}}' }],
    },
  ],
};
