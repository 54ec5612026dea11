/** The numbers of a closed step under their names, for metrics.jsonl, Prometheus and who watches for trouble. */
import { PHASES } from '@gradcast/config';
import type { CoordinatorMetrics } from '@gradcast/metrics';
import type { ShownScalar, Task } from '@gradcast/task';
import type { StepRecord } from './records.ts';
import type { StepAccount } from './step-accounts.ts';
import type { Numbers } from './troubles.ts';

/** What a line of metrics.jsonl says of its step. `time`: seconds since 1970. */
export type StepLine = Numbers & { readonly step: number; readonly time: number };

/** Shown scalars, and the gradient norm of each group. */
export function stepNumbers(task: Task, shown: readonly ShownScalar[], { norms }: Pick<StepRecord, 'norms'>): Numbers {
  return {
    ...Object.fromEntries(shown.map(({ name, value }) => [name, value])),
    ...Object.fromEntries(task.groups.map(({ suffix }, i) => [`gradient_norm_${suffix}`, norms.groups[i]])),
  };
}

/** Tells Prometheus of a closed step. */
export function showStep(
  metrics: CoordinatorMetrics,
  task: Task,
  { shown, record }: { readonly shown: readonly ShownScalar[]; readonly record: StepRecord },
): void {
  const { samples, norms, account, learningRate } = record;
  metrics.images.inc(samples);
  metrics.steps.inc();
  metrics.stepSeconds.observe(account.totalMs / 1000);
  for (const { name, lossOf, value } of shown) {
    metrics.scalar.set({ scalar: name }, value);
    if (lossOf !== undefined) metrics.loss.set({ network: lossOf }, value);
  }
  for (const [i, { name }] of task.groups.entries()) metrics.gradientNorm.set({ network: name }, norms.groups[i]);
  metrics.learningRate.set(learningRate);
}

/** Tells Prometheus where a step's time went; of every step all phases, so that means of phases add up to the mean of steps. */
export function showPhases(metrics: CoordinatorMetrics, { phases }: StepAccount): void {
  for (const phase of PHASES) metrics.stepPhaseSeconds.observe({ phase }, phases[phase] / 1000);
}
