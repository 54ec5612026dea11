import { EXAMPLE } from '@gradcast/definition/example';
import { ganTask, tinyPresets } from '@gradcast/gan';
import { stateBytes, TrainingState } from '@gradcast/optimizer';
import { createCodec } from '@gradcast/reduction';
import { bytesOf, floatsOf } from '@gradcast/tensors';
import type { Numbers } from '@gradcast/optimizer';
import { referenceKernels as kernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import type { OpenStep, StepOutcome } from './leasing/open-step.ts';
import { StepTimes } from './leasing/step-times.ts';
import { STAGES, StageTimer } from './records/records.ts';
import { StepAccounts } from './records/step-accounts.ts';
import { round } from './round.ts';
import type { Verdict } from './run/early-stop.ts';
import type { RoundOutcome, Stages } from './round.ts';

const model = ganTask(tinyPresets.sigmoid);
const LEAVES = 4;
const SAMPLES = LEAVES * 16;
const length = model.parameters.length + model.tail.length;

/** A sum of four leaves with a given gradient and a tail of ones. */
function sumOf(value: number): Uint8Array {
  const sum = new Float32Array(length).fill(LEAVES);
  sum.fill(value, 0, model.parameters.length);
  return bytesOf(sum);
}

interface Told {
  readonly what: string;
  readonly version: number;
  /** Version of the coordinator's own replica at that moment. */
  readonly at: number;
  readonly average?: Float32Array | null;
  readonly scalars?: Numbers | null;
}

function harness(outcome: StepOutcome, change: Partial<Stages> = {}) {
  const state = TrainingState.initial({ task: model, kernels }, 1);
  const told: Told[] = [];
  const history = [{ start: 0, size: 4, worker: 'a', outcome: 'accepted', ms: 3, role: 'worker' }] as const;
  const step = {
    closed: Promise.resolve(outcome),
    history,
    leaseRecords: [],
    times: new StepTimes(),
  } as unknown as OpenStep;
  const stages: Stages = {
    terms: {
      incarnation: 1,
      run: 'r',
      ...EXAMPLE,
      preset: 'tiny',
      microBatchSize: 16,
      microBatches: LEAVES,
    },
    state,
    fleet: {
      open: (version) => {
        told.push({ what: 'open', version, at: state.version });
        return step;
      },
      prepare: (version) => void told.push({ what: 'prepare', version, at: state.version }),
      broadcast: (version, average, scalars) => {
        told.push({
          what: 'broadcast',
          version,
          at: state.version,
          average: average && floatsOf(average).slice(),
          scalars,
        });
        return Promise.resolve();
      },
    },
    codec: createCodec('f32', { layout: model, seed: 1, kernels }),
    kernels,
    mayOpen: () => true,
    verdict: () => 'goes-on',
    lastVersion: 10,
    onDivergence: 'stop',
    averaged: () => undefined,
    timer: () => new StageTimer(),
    accounts: new StepAccounts(),
    ...change,
  };
  const words = () => told.map(({ what, version }) => `${what} ${version}`);
  return { state, stages, told, words, history };
}

/** A state that has seen a hundred steps of norm 1, so that the bound is 1000. */
function warm(state: TrainingState): void {
  for (let step = 0; step < 100; step++) {
    const average = new Float32Array(model.parameters.length);
    const tail = new Float32Array(model.tail.length);
    state.advance({ average, tail, scalars: state.stepScalars(), norm: 1, samples: SAMPLES });
  }
}

function expectKind<K extends RoundOutcome['kind']>(outcome: RoundOutcome, kind: K) {
  expect(outcome.kind).toBe(kind);
  return outcome as Extract<RoundOutcome, { kind: K }>;
}

describe('a round', () => {
  it('takes the mean, tells every replica and takes the same step itself', async () => {
    const { state, stages, told, words, history } = harness({ kind: 'sum', sum: sumOf(2) });
    const twin = TrainingState.initial({ task: model, kernels }, 1);
    const { record } = expectKind(await round(stages), 'closed');
    expect(words()).toEqual(['open 0', 'prepare 1', 'broadcast 0', 'open 1']);
    const average = new Float32Array(model.parameters.length).fill(0.5);
    const tail = new Float32Array(model.tail.length).fill(1);
    expect(told[2]).toMatchObject({ at: 0, average, scalars: twin.stepScalars() });
    twin.advance({ average, tail, scalars: twin.stepScalars(), norm: record.norms.norm, samples: SAMPLES });
    expect(stateBytes(state.vectors)).toEqual(stateBytes(twin.vectors));
    expect(record).toMatchObject({ version: 1, samples: SAMPLES, tail, history });
    expect(record.averageFingerprint).toBe(kernels.fingerprint([average]));
    expect(record.norms.norm).toBeCloseTo(0.5 * Math.sqrt(model.parameters.length), 6);
    expect(Object.keys(record.timings.stages).sort()).toEqual([...STAGES].sort());
  });

  it('opens no step beyond the last', async () => {
    const { stages, words } = harness({ kind: 'sum', sum: sumOf(2) }, { lastVersion: 1 });
    expectKind(await round(stages), 'closed');
    expect(words()).toEqual(['open 0', 'broadcast 0']);
  });

  it('opens no further step once a pause is asked for, also while one is computed', async () => {
    const { stages, words } = harness({ kind: 'sum', sum: sumOf(2) }, { mayOpen: () => false });
    expectKind(await round(stages), 'closed');
    expect(words()).toEqual(['open 0', 'broadcast 0']);
    let asked = false;
    const late = harness({ kind: 'sum', sum: sumOf(2) }, { mayOpen: () => !asked });
    const closing = round(late.stages);
    asked = true;
    expectKind(await closing, 'closed');
    expect(late.words()).toEqual(['open 0', 'prepare 1', 'broadcast 0']);
  });

  it('does not wait for a worker that takes its average slowly', async () => {
    const { state, stages } = harness({ kind: 'sum', sum: sumOf(2) });
    const fleet = { ...stages.fleet, broadcast: () => new Promise<void>(() => undefined) };
    expectKind(await round({ ...stages, fleet }), 'closed');
    expect(state.version).toBe(1);
  });

  it('waits for the verdict before it opens its step, and opens none if the run has had enough', async () => {
    let tell: (verdict: Verdict) => void = () => undefined;
    const verdict = () => new Promise<Verdict>((resolve) => (tell = resolve));
    const { stages, words } = harness({ kind: 'sum', sum: sumOf(2) }, { verdict });
    const going = round(stages);
    await new Promise((resolve) => setImmediate(resolve));
    expect(words()).toEqual([]);
    tell('goes-on');
    expectKind(await going, 'closed');
    for (const end of ['enough', 'held'] as const) {
      const ended = harness({ kind: 'sum', sum: sumOf(2) }, { verdict: () => end });
      expectKind(await round(ended.stages), end);
      expect([ended.words(), ended.state.version]).toEqual([[], 0]);
    }
  });

  it('opens no step ahead whose verdict is not known', async () => {
    const asked: number[] = [];
    const mayOpen = (version: number) => asked.push(version) < 0;
    const { stages, words } = harness({ kind: 'sum', sum: sumOf(2) }, { mayOpen });
    expectKind(await round(stages), 'closed');
    expect([words(), asked]).toEqual([
      ['open 0', 'broadcast 0'],
      [1, 1],
    ]);
  });

  it('that was stopped leaves the state as it was', async () => {
    const { state, stages, words } = harness({ kind: 'stopped' });
    const before = state.replica.fingerprint;
    expectKind(await round(stages), 'stopped');
    expect([state.version, state.replica.fingerprint, words()]).toEqual([0, before, ['open 0', 'prepare 1']]);
  });
});

describe('a diverged step', () => {
  const broken = (place: number) => {
    const sum = sumOf(2);
    floatsOf(sum)[place] = NaN;
    return sum;
  };

  it.each([
    ['generator', 0],
    ['discriminator', model.groups[1].from + 1],
    ['tail', model.parameters.length + 1],
  ])('ends the run if it is to stop, wherever it shows: %s', async (_, place) => {
    const { state, stages, words } = harness({ kind: 'sum', sum: broken(place) });
    const before = state.replica.fingerprint;
    const { sentence } = expectKind(await round(stages), 'diverged');
    expect(sentence).toBe('the gradient of step 1 is not finite');
    expect([state.version, state.replica.fingerprint]).toEqual([0, before]);
    expect(words()).toEqual(['open 0', 'prepare 1']);
  });

  it('is skipped by every replica alike if it is to be skipped', async () => {
    const { state, stages, told, history } = harness({ kind: 'sum', sum: broken(0) }, { onDivergence: 'skip' });
    const before = state.replica.fingerprint;
    const { record } = expectKind(await round(stages), 'skipped');
    expect([state.version, state.position, state.replica.fingerprint]).toEqual([1, SAMPLES, before]);
    expect(told.at(-1)).toMatchObject({ what: 'broadcast', version: 0, average: null, scalars: null });
    expect(record).toMatchObject({ version: 1, samples: SAMPLES, averageFingerprint: null, history });
  });

  it('is one with a finite 1e22, or a negative variance, at the very first step', async () => {
    const variance = model.tail.entries.findIndex(({ name }) => name.endsWith('/variance'));
    for (const [place, value, words] of [
      [0, 1e22, 'has norm 2.50e+21, above the bound'],
      [model.parameters.length + model.tail.entries[variance].offset, -1, 'variance is -0.25'],
    ] as const) {
      const sum = sumOf(2);
      floatsOf(sum)[place] = value;
      const { state, stages } = harness({ kind: 'sum', sum });
      const { sentence } = expectKind(await round(stages), 'diverged');
      expect(sentence).toContain(words);
      expect(state.version).toBe(0);
    }
  });

  it('is one whose norm is above the bound, not one at it', async () => {
    const size = Math.sqrt(model.parameters.length);
    for (const [value, kind] of [
      [(4 * 999) / size, 'closed'],
      [(4 * 1001) / size, 'diverged'],
    ] as const) {
      const { state, stages } = harness({ kind: 'sum', sum: sumOf(value) }, { lastVersion: 200 });
      warm(state);
      const outcome = await round(stages);
      expect(outcome.kind).toBe(kind);
      if (outcome.kind === 'diverged') expect(outcome.sentence).toContain('above the bound 1.00e+3');
    }
  });
});
