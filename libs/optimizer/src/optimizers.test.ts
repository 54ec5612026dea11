import { ganTask, tinyPresets } from '@gradcast/gan';
import type { OptimizerSpec } from '@gradcast/task';
import { referenceKernels as kernels } from '@gradcast/vector';
import { describe, expect, it } from 'vitest';
import { optimizerOf } from './kinds.ts';
import { collectVectors, nameTensors } from './state-tensors.ts';
import { stateBytes, stateScalars, TrainingState } from './training-state.ts';

const tiny = ganTask(tinyPresets.sigmoid);
const SPECS: readonly OptimizerSpec[] = [
  { kind: 'adam', learningRate: 0.25, beta1: 0.5, beta2: 0.75, epsilon: 2 ** -27 },
  { kind: 'sgd', learningRate: 0.25, momentum: 0.5 },
];

describe.each(SPECS)('$kind', (spec) => {
  const optimizer = optimizerOf(spec);
  const task = { ...tiny, optimizer: spec };
  const options = { task, kernels };
  const step = (state: TrainingState, value: number) => {
    const average = new Float32Array(task.parameters.length);
    // Padding is zero, and not stored.
    for (const { offset, size } of task.parameters.entries) average.fill(value, offset, offset + size);
    state.advance({
      average,
      tail: new Float32Array(task.tail.length),
      scalars: state.stepScalars(),
      norm: 1,
      samples: 64,
    });
  };

  it('says which scalars its steps have', () => {
    const scalars = optimizer.scalars(optimizer.initial, spec.learningRate);
    expect(Object.keys(scalars)).toEqual([...optimizer.scalarNames]);
    for (const value of Object.values(scalars)) expect(Math.fround(value)).toBe(value);
  });

  it('moves by the learning rate of the step, not by its own', () => {
    const moved = (rate: number) => {
      const state = TrainingState.initial(options, 3);
      const [{ offset }] = task.parameters.entries;
      const average = new Float32Array(task.parameters.length);
      average[offset] = 1;
      const tail = new Float32Array(task.tail.length);
      const before = state.vectors.parameters[offset];
      state.advance({ average, tail, scalars: optimizer.scalars(optimizer.initial, rate), norm: 1, samples: 64 });
      return before - state.vectors.parameters[offset];
    };
    expect(moved(0)).toBe(0);
    expect(moved(0.125) / moved(0.25)).toBeCloseTo(0.5, 5);
  });

  it('comes back from its tensors to the bit', () => {
    const state = TrainingState.initial(options, 3);
    for (const value of [0.5, -0.25]) step(state, value);
    const back = TrainingState.restore(options, collectVectors(task, nameTensors(task, state.vectors)));
    for (const each of [state, back]) step(each, 0.125);
    expect(stateBytes(back.vectors)).toEqual(stateBytes(state.vectors));
    expect(state.vectors.slots).toHaveLength(optimizer.slots.length);
  });

  it('stays finite at the largest norm, whichever way the gradients point', () => {
    for (const learningRate of [spec.learningRate, 2 ** 80]) {
      const large = { ...task, optimizer: { ...spec, learningRate } };
      const state = TrainingState.initial({ task: large, kernels }, 3);
      const { largestNorm } = optimizerOf(large.optimizer);
      for (const sign of [1, 1, -1, 1, 1, 1, -1, -1, 1]) step(state, 2 * sign * largestNorm);
      const { parameters, slots } = state.vectors;
      for (const vector of [parameters, ...slots]) expect(vector.every(Number.isFinite)).toBe(true);
    }
  });
});

describe('sgd', () => {
  it('moves by the velocity', () => {
    const [, spec] = SPECS;
    const task = { ...tiny, optimizer: spec };
    const state = TrainingState.initial({ task, kernels }, 3);
    const [{ offset }] = task.parameters.entries;
    const before = state.vectors.parameters[offset];
    const average = new Float32Array(task.parameters.length);
    average[offset] = 1;
    for (let i = 0; i < 2; i++) {
      const tail = new Float32Array(task.tail.length);
      state.advance({ average, tail, scalars: state.stepScalars(), norm: 1, samples: 64 });
    }
    // Velocities 1 and 1.5, at a rate of 0.25.
    expect(state.vectors.parameters[offset]).toBeCloseTo(before - 0.625, 6);
    expect(stateScalars(optimizerOf(spec))).toEqual(['version', 'position', 'normMean', 'steps']);
  });
});
