/** The last steps as they closed, remembered without a look at them until somebody watches. */
import type { ViewClosed } from '@gradcast/protocol';
import { BOTTLENECK_STEPS, PACE_STEPS, pacesOf, sumPhases, USED } from '@gradcast/watching';
import type { PhaseSeconds, WorkerPace } from '@gradcast/watching';
import type { SubtreeRecord } from '../events.ts';

/** At most, and far fewer of results: a step has one for each subtree. */
const MOST_STEPS = 512;
const MOST_RESULTS = 16_384;

export interface RecentStep {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly history: readonly SubtreeRecord[];
  /** Where its time went, in milliseconds. */
  readonly phases: PhaseSeconds;
}

export class RecentSteps {
  #steps: RecentStep[] = [];
  #results = 0;

  add(step: RecentStep): void {
    this.#steps.push(step);
    this.#results += step.history.length;
    while (this.#steps.length > MOST_STEPS || (this.#results > MOST_RESULTS && this.#steps.length > 1)) {
      this.#results -= this.#steps.shift()!.history.length;
    }
  }

  get closed(): ViewClosed[] {
    return this.#steps.map(closedStep);
  }

  /** Where the time of late went, in milliseconds; undefined while no step has closed. */
  get phases(): PhaseSeconds | undefined {
    if (this.#steps.length === 0) return undefined;
    return sumPhases(this.#steps.slice(-BOTTLENECK_STEPS).map(({ phases }) => phases));
  }

  /** Who computes how much of late, and how fast. @param microBatch images of a leaf. */
  paces(microBatch: number): Map<string, WorkerPace> {
    return pacesOf(this.#steps.slice(-PACE_STEPS).flatMap(usedOf), microBatch);
  }
}

function usedOf({ history }: RecentStep): SubtreeRecord[] {
  return history.filter(({ outcome }) => USED.includes(outcome));
}

/** Leaves that were used, by worker. */
export function closedStep(step: RecentStep): ViewClosed {
  const by = new Map<string, number>();
  for (const { worker, size } of usedOf(step)) by.set(worker, (by.get(worker) ?? 0) + size);
  return { step: step.step, time: step.time, by: [...by] };
}
