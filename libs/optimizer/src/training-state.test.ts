import { ganTask, presets, tinyPresets } from '@gradcast/gan';
import { tensorView } from '@gradcast/tensors';
import { referenceKernels as kernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import { optimizerOf } from './kinds.ts';
import { stateBytes, stateScalars, TrainingState } from './training-state.ts';
import type { ClosedStep, StateVectors } from './training-state.ts';

const tiny = ganTask(tinyPresets.sigmoid);
const learningRate = 2e-3;
const model = { ...tiny, optimizer: { ...tiny.optimizer, learningRate } };
const withoutExtras = ganTask(tinyPresets.softmax);
const options = { task: model, kernels };
const { beta1, beta2, epsilon } = model.preset.optimizer;

function closed(state: TrainingState, change: Partial<ClosedStep> = {}): ClosedStep {
  const { parameters, tail } = state.task;
  const average = new Float32Array(parameters.length);
  for (const { offset, size } of parameters.entries) {
    for (let i = offset; i < offset + size; i++) average[i] = ((i % 11) - 5) / 64;
  }
  return {
    average,
    tail: new Float32Array(tail.length),
    scalars: state.stepScalars(),
    norm: 2,
    samples: 64,
    ...change,
  };
}

const SCALARS = stateScalars(optimizerOf(model.optimizer));
const scalar = (state: TrainingState, name: string) => state.vectors.scalars[SCALARS.indexOf(name)];

function copyOf(vectors: StateVectors): StateVectors {
  const { parameters, slots, ema, running, scalars } = vectors;
  return {
    parameters: parameters.slice(),
    slots: slots.map((slot) => slot.slice()),
    ema: ema.slice(),
    running: running.slice(),
    scalars: scalars.slice(),
  };
}

const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('the state before the first step', () => {
  it('holds initial parameters, no moments, and a moving average that starts from the parameters', () => {
    const state = TrainingState.initial(options, 5);
    const parameters = model.initialParameters(5);
    expect(state.vectors.parameters).toEqual(parameters);
    expect(
      state.vectors.slots.every(
        (slot) => slot.length === state.vectors.parameters.length && slot.every((x) => x === 0),
      ),
    ).toBe(true);
    expect(state.vectors.ema).toEqual(parameters.slice(0, model.groups[0].to));
    expect([state.version, state.position]).toEqual([0, 0]);
  });

  it('has running means of 0 and variances of 1', () => {
    const { running } = TrainingState.initial(options, 5).vectors;
    for (const { name } of model.running.entries) {
      const wanted = name.endsWith('/variance') ? 1 : 0;
      expect(
        tensorView(model.running, running, name).every((x) => x === wanted),
        name,
      ).toBe(true);
    }
  });

  it('depends on the seed', () => {
    const [a, b] = [5, 6].map((seed) => TrainingState.initial(options, seed).replica.fingerprint);
    expect(a).not.toBe(b);
  });

  it('has neither moving average nor running statistics for a preset without them', () => {
    const state = TrainingState.initial({ ...options, task: withoutExtras }, 5);
    expect([state.vectors.ema.length, state.vectors.running.length]).toEqual([0, 0]);
    expect(state.averagedParameters).toEqual(state.vectors.parameters);
  });
});

describe('a restored state', () => {
  it('goes on as if it had never been stored', () => {
    const through = TrainingState.initial(options, 5);
    for (let step = 0; step < 3; step++) through.advance(closed(through));
    const restored = TrainingState.restore(options, copyOf(through.vectors));
    expect([restored.version, restored.position]).toEqual([3, 192]);
    for (const state of [through, restored]) {
      state.skip(64);
      state.advance(closed(state));
    }
    expect(stateBytes(restored.vectors)).toEqual(stateBytes(through.vectors));
  });

  it.each(['parameters', 'ema', 'running', 'scalars'] as const)('is refused if %s has another length', (name) => {
    const vectors = TrainingState.initial(options, 5).vectors;
    const wrong = { ...vectors, [name]: vectors[name].slice(1) };
    expect(() => TrainingState.restore(options, wrong)).toThrow(new RegExp(`^${name} has `));
  });

  it('is refused if a vector of its optimizer has another length or is missing', () => {
    const vectors = TrainingState.initial(options, 5).vectors;
    const [first, second] = vectors.slots;
    const refused = (slots: Float32Array[]) => expect(() => TrainingState.restore(options, { ...vectors, slots }));
    refused([first.slice(1), second]).toThrow('adam_first has ');
    refused([first]).toThrow('adam_second has 0 elements');
  });
});

describe('step scalars', () => {
  it('are the bias-corrected Adam step in float64, rounded once', () => {
    const state = TrainingState.initial(options, 5);
    for (let t = 1; t <= 40; t++) {
      const wanted = (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
      const { alpha, ...rest } = state.stepScalars();
      expect(Math.abs(alpha / wanted - 1)).toBeLessThan(1e-7);
      expect(alpha).toBe(Math.fround(alpha));
      expect(rest).toEqual({
        oneMinusBeta1: Math.fround(1 - beta1),
        oneMinusBeta2: Math.fround(1 - beta2),
        epsilon: Math.fround(epsilon),
      });
      state.advance(closed(state));
    }
  });

  it('follow the schedule by images of the stream, those of skipped steps included', () => {
    const schedule = { kind: 'linear', warmUp: 0, decayFrom: 0, decayTo: 640, endFactor: 0 } as const;
    const task = { ...model, microBatch: 16, microBatches: 4, schedule };
    const state = TrainingState.initial({ task, kernels }, 5);
    const plain = TrainingState.initial(options, 5);
    const rates: number[] = [];
    for (let t = 0; t < 12; t++) {
      rates.push(state.learningRate / learningRate);
      expect(state.stepScalars().alpha).toBeCloseTo(rates[t] * plain.stepScalars().alpha, 9);
      if (t % 3 === 2) for (const each of [state, plain]) each.skip(64);
      else for (const each of [state, plain]) each.advance({ ...closed(each), samples: 64 });
    }
    const wanted = [0.95, 0.85, 0.75, 0.65, 0.55, 0.45, 0.35, 0.25, 0.15, 0.05, 0, 0];
    for (const [t, rate] of rates.entries()) expect(rate).toBeCloseTo(wanted[t], 12);
  });

  it('do not move with a skipped step', () => {
    const state = TrainingState.initial(options, 5);
    state.advance(closed(state));
    const before = state.stepScalars();
    state.skip(64);
    expect(state.stepScalars()).toEqual(before);
  });
});

describe('a closed step', () => {
  it('counts the version and the stream position', () => {
    const state = TrainingState.initial(options, 5);
    state.advance(closed(state, { samples: 128 }));
    state.advance(closed(state, { samples: 128 }));
    expect([state.version, state.position]).toEqual([2, 256]);
    expect([scalar(state, 'version'), scalar(state, 'steps')]).toEqual([2, 2]);
  });

  it('follows the statistics of the batch with the momentum', () => {
    const state = TrainingState.initial(options, 5);
    const tail = new Float32Array(model.tail.length);
    for (const { name } of model.running.entries) tensorView(model.tail, tail, name).fill(3);
    const { momentum } = model.preset.batchNorm!;
    state.advance(closed(state, { tail }));
    state.advance(closed(state, { tail }));
    for (const { name } of model.running.entries) {
      const start = name.endsWith('/variance') ? 1 : 0;
      const wanted = 3 + (start - 3) * momentum * momentum;
      for (const x of tensorView(model.running, state.vectors.running, name)) expect(x).toBeCloseTo(wanted, 5);
    }
  });

  it('keeps the padding of every vector at zero', () => {
    const state = TrainingState.initial(options, 5);
    state.advance(closed(state));
    for (const vector of [state.vectors.parameters, ...state.vectors.slots]) {
      const rest = vector.slice();
      for (const { name } of model.parameters.entries) tensorView(model.parameters, rest, name).fill(0);
      expect(rest.every((x) => x === 0)).toBe(true);
    }
  });
});

describe('the moving average of the generator', () => {
  it('decays by min(limit, (1 + t) / (10 + t)) at step t', () => {
    const limited = ganTask({ ...tinyPresets.sigmoid, ema: { limit: 0.2 } });
    const state = TrainingState.initial({ ...options, task: limited }, 5);
    const wanted = Float64Array.from(state.vectors.ema);
    for (const decay of [0.1, 2 / 11, 0.2, 0.2]) {
      state.advance(closed(state));
      state.vectors.ema.forEach((_, i) => {
        wanted[i] = wanted[i] * decay + state.vectors.parameters[i] * (1 - decay);
      });
      const furthest = wanted.reduce((most, x, i) => Math.max(most, Math.abs(x - state.vectors.ema[i])), 0);
      expect(furthest).toBeLessThan(1e-6);
    }
    expect(state.averagedParameters.subarray(0, model.groups[0].to)).toEqual(state.vectors.ema);
  });

  it('has a half-life in images where the task names one, those of skipped steps included', () => {
    const inImages = { ...model, average: { ...model.average!, halfLife: 8 } };
    const state = TrainingState.initial({ ...options, task: inImages }, 5);
    const wanted = Float64Array.from(state.vectors.ema);
    // Nothing was seen before the first step; then half-lives of 0.05 x 64, 0.05 x 128 and at most 8 images.
    for (const decay of [0, 0.5 ** (64 / 3.2), 0.5 ** (64 / 6.4), 0.5 ** (64 / 8), 0.5 ** (64 / 8)]) {
      state.advance(closed(state));
      state.vectors.ema.forEach((_, i) => {
        wanted[i] = wanted[i] * decay + state.vectors.parameters[i] * (1 - decay);
      });
      const furthest = wanted.reduce((most, x, i) => Math.max(most, Math.abs(x - state.vectors.ema[i])), 0);
      expect(furthest).toBeLessThan(1e-6);
    }
    const [plain, skipping] = [0, 1].map(() => TrainingState.initial({ ...options, task: inImages }, 5));
    for (const each of [plain, skipping]) each.advance(closed(each));
    skipping.skip(64);
    for (const each of [plain, skipping]) each.advance(closed(each));
    expect(skipping.vectors.parameters).toEqual(plain.vectors.parameters);
    expect(skipping.vectors.ema).not.toEqual(plain.vectors.ema);
  });

  it('counts the steps that were taken, not those skipped', () => {
    const [plain, skipping] = [0, 1].map(() => TrainingState.initial(options, 5));
    skipping.skip(64);
    for (const state of [plain, skipping]) state.advance(closed(state));
    expect(skipping.vectors.ema).toEqual(plain.vectors.ema);
  });
});

describe('a skipped step', () => {
  it('leaves all but version and position as they were', () => {
    const state = TrainingState.initial(options, 5);
    state.advance(closed(state));
    const before = copyOf(state.vectors);
    state.skip(64);
    expect([state.version, state.position]).toEqual([2, 128]);
    const after = copyOf(state.vectors);
    for (const name of ['version', 'position'] as const) {
      for (const { scalars } of [before, after]) scalars[SCALARS.indexOf(name)] = 0;
    }
    expect(stateBytes(after)).toEqual(stateBytes(before));
  });
});

describe('the norm bound', () => {
  it('is what the optimizer can take for a hundred steps, then a thousand times the running mean of the norms', () => {
    const state = TrainingState.initial(options, 5);
    let mean = 4;
    for (let step = 0; step < 100; step++) {
      expect(state.normBound).toBe(2 ** 62);
      expect(state.suspectNorm).toBe(step === 0 ? undefined : 1000 * mean);
      const norm = step === 0 ? 4 : 4 + (step % 3);
      if (step > 0) mean += (norm - mean) * 0.01;
      state.advance(closed(state, { norm }));
    }
    expect(state.normBound).toBe(1000 * mean);
    state.skip(64);
    expect(state.normBound).toBe(1000 * mean);
  });

  it('comes back from a stored state', () => {
    const state = TrainingState.initial(options, 5);
    for (let step = 0; step < 100; step++) state.advance(closed(state));
    expect(TrainingState.restore(options, copyOf(state.vectors)).normBound).toBe(2000);
  });
});

describe('a large gradient', () => {
  const tail = () => new Float32Array(model.tail.length);
  const filled = (state: TrainingState, value: number): ClosedStep => {
    const change = closed(state);
    for (const { offset, size } of model.parameters.entries) change.average.fill(value, offset, offset + size);
    return change;
  };
  const isFinite = (state: TrainingState) =>
    Object.values(state.vectors)
      .flat()
      .every((vector: Float32Array) => vector.every((x) => Number.isFinite(x)));

  it('is called divergence from the first step on where the optimizer would overflow', () => {
    const state = TrainingState.initial(options, 5);
    const divergence = (norm: number) => state.divergence({ norms: { finite: true, norm }, tail: tail() });
    expect(divergence(1e22)).toBe('the gradient of step 1 has norm 1.00e+22, above the bound 4.61e+18');
    expect([divergence(2 ** 62), divergence(2 ** 62 + 1024)]).toEqual([undefined, expect.any(String)]);
    expect(state.divergence({ norms: { finite: false, norm: 1 }, tail: tail() })).toBe(
      'the gradient of step 1 is not finite',
    );
  });

  it('one 1e22 would have turned the parameters into NaN', () => {
    const state = TrainingState.initial(options, 5);
    for (let step = 0; step < 2; step++) state.advance(filled(state, 1e22));
    expect(isFinite(state)).toBe(false);
  });

  it.each(Object.keys(presets))(
    'at the bound, of any sign and in any order, leaves every value of %s finite',
    (name) => {
      // The tiny model steps with each preset's optimizer; twice the bound is what packing may make of an element.
      const { optimizer } = presets[name as keyof typeof presets];
      for (const learningRate of [optimizer.learningRate, 2 ** 90]) {
        const preset = { ...tinyPresets.sigmoid, optimizer: { ...optimizer, learningRate } };
        const state = TrainingState.initial({ kernels, task: ganTask(preset) }, 5);
        const largest = 2 * state.normBound;
        const pattern = [largest, -largest, 0, 0, largest, 1e-30, -largest, largest, largest, 1];
        for (let step = 0; step < 60; step++) state.advance({ ...filled(state, pattern[step % 10]), norm: largest });
        expect(isFinite(state)).toBe(true);
      }
    },
  );

  it('at most doubles the running mean of the norms, and that is told', () => {
    const state = TrainingState.initial(options, 5);
    expect(state.advance(closed(state, { norm: 2 }))).toEqual({ normClipped: false });
    // As healthy runs have it in their first hundred steps.
    expect(state.advance(closed(state, { norm: 80 }))).toEqual({ normClipped: false });
    const before = scalar(state, 'normMean');
    expect(state.advance(closed(state, { norm: 1000 * before }))).toEqual({ normClipped: true });
    expect(scalar(state, 'normMean')).toBe(before + 99 * before * 0.01);
  });

  it('is bounded by its tail too', () => {
    const state = TrainingState.initial(options, 5);
    const wrong = tail();
    const [variance] = model.tail.entries.filter(({ name }) => name.endsWith('/variance'));
    wrong[variance.offset] = -1;
    expect(state.divergence({ norms: { finite: true, norm: 1 }, tail: wrong })).toBe(
      `the statistics of step 1 are impossible: ${variance.name} is -1`,
    );
  });
});

describe('stateBytes', () => {
  it('is parameters, moments, average, statistics and scalars in this order', () => {
    const vectors: StateVectors = {
      parameters: Float32Array.of(0, 1).subarray(1),
      slots: [Float32Array.of(2), Float32Array.of(3)],
      ema: Float32Array.of(4),
      running: Float32Array.of(5),
      scalars: Float64Array.of(6),
    };
    const hex = stateBytes(vectors).map(hexOf);
    expect(hex).toEqual(['0000803f', '00000040', '00004040', '00008040', '0000a040', '0000000000001840']);
  });

  it('covers every vector of every preset', () => {
    for (const preset of Object.values(presets)) {
      const { vectors } = TrainingState.initial({ ...options, task: ganTask(preset) }, 1);
      const bytes = stateBytes(vectors).reduce((sum, part) => sum + part.byteLength, 0);
      const { parameters, ema, running, scalars } = vectors;
      expect(bytes).toBe(4 * (3 * parameters.length + ema.length + running.length) + 8 * scalars.length);
    }
  });
});
