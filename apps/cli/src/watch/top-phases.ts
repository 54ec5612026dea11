/** What `top` says of where a run's time goes. */
import { BOTTLENECK_STEPS, bottleneckOf, phaseShares, phasesOfLine, sumPhases, number } from '@gradcast/watching';
import type { BottleneckFacts, PhaseSeconds } from '@gradcast/watching';
import type { TopPhases } from './top-view.ts';

/** Null where no time is known. */
export function topPhases(facts: BottleneckFacts): TopPhases | null {
  const shares = phaseShares(facts.phases);
  if (shares.length === 0) return null;
  return { sentence: bottleneckOf(facts).sentence, shares: shares.map(({ name, share }) => ({ name, share })) };
}

/** Where the time of the last steps went, from the last lines of `metrics.jsonl`: as many as cover them. */
export function phasesOfLate(metrics: readonly object[]): PhaseSeconds {
  const lines = metrics.flatMap((line) => {
    const phases = phasesOfLine(line);
    return phases ? [{ step: number(line, 'step'), phases }] : [];
  });
  const last = lines.at(-1)?.step ?? NaN;
  return sumPhases(lines.filter(({ step }) => step > last - BOTTLENECK_STEPS).map(({ phases }) => phases));
}
