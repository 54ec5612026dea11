import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PHASES, phaseShares, phasesOfLine, phasesOfSummary, secondsOf, sumPhases } from './phases.ts';

const line = Object.fromEntries(PHASES.map((name, i) => [`phase_${name}_seconds`, i]));
const total = Object.fromEntries(PHASES.map((name, i) => [name, i]));

describe('phases of lines', () => {
  it('are read by their names and added up', () => {
    const phases = phasesOfLine({ step: 3, loss: 1, ...line })!;
    expect(phases).toEqual(total);
    expect(sumPhases([phases, phases])).toEqual(Object.fromEntries(PHASES.map((name, i) => [name, 2 * i])));
    expect(secondsOf(phases)).toBe(36);
  });

  it('are none in a line of before, nor in what is no line', () => {
    for (const none of [{ step: 3, loss: 1 }, null, 'x', [], { phase_compute_seconds: 'x' }]) {
      expect(phasesOfLine(none)).toBeUndefined();
    }
  });

  it('are 0 where a later version has another list, or nonsense stands there', () => {
    expect(phasesOfLine({ phase_compute_seconds: 2, phase_idle_seconds: -5, phase_more_seconds: 4 })).toEqual({
      ...sumPhases([]),
      compute: 2,
    });
  });

  it('have shares that add up to one, in order', () => {
    const shares = phaseShares(phasesOfLine(line)!);
    expect(shares.map(({ name }) => name)).toEqual(PHASES.slice(1));
    expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(phaseShares(sumPhases([]))).toEqual([]);
  });
});

describe('phases of a summary', () => {
  const worker = { worker: 'a', leaves: 3, compute: 1, network: 2, overdue: 0, waiting: 4 };

  it('are what it says, and none in one of before', () => {
    const rest = { workers: 2, leaves: 1, compute: 1, network: 1, overdue: 0, waiting: 1 };
    const phases = { steps: 5, seconds: 36, total, workers: [worker], rest };
    expect(phasesOfSummary({ phases })).toEqual(phases);
    expect(phasesOfSummary({ phases: { ...phases, rest: null } })?.rest).toBeNull();
    for (const none of [{}, { phases: null }, { phases: {} }, { phases: { total: {} } }, null, 7]) {
      expect(phasesOfSummary(none)).toBeUndefined();
    }
  });

  it('are finite and bounded, whatever it says', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), fc.anything(), (some, other) => {
        const read = phasesOfSummary({
          phases: { total: { compute: 1e300, idle: 1 }, workers: [some, other], rest: some },
        });
        expect(Number.isFinite(read!.seconds)).toBe(true);
        for (const { compute, network, overdue, waiting, leaves } of read!.workers) {
          for (const value of [compute, network, overdue, waiting, leaves]) expect(value).toBeGreaterThanOrEqual(0);
        }
      }),
    );
    const many = Array.from({ length: 1000 }, () => worker);
    expect(phasesOfSummary({ phases: { total, workers: many } })?.workers).toHaveLength(64);
  });
});
