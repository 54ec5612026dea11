import { ganTask, presets, tinyPresets } from '@gradcast/gan';
import type { GanTask } from '@gradcast/gan';
import { referenceKernels as kernels } from '@gradcast/vector';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectParameters, collectVectors, nameTensors, StateMismatchError } from './state-tensors.ts';
import type { StateTensor } from './state-tensors.ts';
import { optimizerOf } from './kinds.ts';
import { stateBytes, stateScalars, TrainingState } from './training-state.ts';
import type { StateVectors } from './training-state.ts';

const tiny = { sigmoid: ganTask(tinyPresets.sigmoid), softmax: ganTask(tinyPresets.softmax) };

function initial(model: GanTask): StateVectors {
  return TrainingState.initial({ task: model, kernels }, 3).vectors;
}

/** Fills every tensor with words of any bits, so that -0, denormals and NaN are among them; padding stays zero. */
function scramble(model: GanTask, vectors: StateVectors, words: readonly number[]): void {
  let next = 0;
  const fill = (vector: Float32Array, entries: GanTask['parameters']['entries']) => {
    const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length);
    for (const { offset, size } of entries) {
      for (let i = offset; i < offset + size && i < vector.length; i++) bits[i] = words[next++ % words.length];
    }
  };
  for (const vector of [vectors.parameters, ...vectors.slots]) fill(vector, model.parameters.entries);
  fill(
    vectors.ema,
    model.parameters.entries.filter(({ offset }) => offset < model.groups[0].to),
  );
  fill(vectors.running, model.running.entries);
  vectors.scalars.forEach((_, i) => (vectors.scalars[i] = words[i % words.length] / 7));
}

/** As a reader of files gives them: memory of their own. */
function stored(tensors: Record<string, StateTensor>): Record<string, StateTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() } as StateTensor]),
  );
}

describe('the tensors of a state', () => {
  it.each(['sigmoid', 'softmax'] as const)('come back to the bit (%s)', (name) => {
    const model = tiny[name];
    const words = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 7, maxLength: 40 });
    fc.assert(
      fc.property(words, (bits) => {
        const vectors = initial(model);
        scramble(model, vectors, bits);
        const back = collectVectors(model, stored(nameTensors(model, vectors)));
        expect(stateBytes(back)).toEqual(stateBytes(vectors));
      }),
      { numRuns: 10 },
    );
  });

  it('carry the names and shapes of the model, without padding', () => {
    const model = ganTask(presets.mnist);
    const tensors = nameTensors(model, initial(model));
    expect(tensors['scalars']).toMatchObject({
      dtype: 'F64',
      shape: [stateScalars(optimizerOf(model.optimizer)).length],
    });
    for (const { name, shape, size } of model.parameters.entries) {
      for (const group of ['parameters', 'adam_first', 'adam_second']) {
        expect(tensors[`${group}/${name}`]).toMatchObject({ dtype: 'F32', shape });
        expect(tensors[`${group}/${name}`].data).toHaveLength(size);
      }
      expect(`ema/${name}` in tensors).toBe(name.startsWith('generator/'));
    }
    for (const { name } of model.running.entries) expect(tensors).toHaveProperty([`running/${name}`]);
  });

  it('share no memory once collected', () => {
    const model = tiny.sigmoid;
    const vectors = initial(model);
    const back = collectVectors(model, nameTensors(model, vectors));
    vectors.parameters.fill(9);
    vectors.scalars.fill(9);
    expect(back.parameters.includes(9) || back.scalars.includes(9)).toBe(false);
  });
});

describe('a stored state of another model', () => {
  const model = tiny.sigmoid;
  const good = () => stored(nameTensors(model, initial(model)));
  const [entry] = model.parameters.entries;

  it.each(Object.keys(good()))('is refused if %s is missing', (name) => {
    const rest = Object.fromEntries(Object.entries(good()).filter(([other]) => other !== name));
    expect(() => collectVectors(model, rest)).toThrow(StateMismatchError);
  });

  it.each<[string, Partial<StateTensor>]>([
    ['another shape', { shape: [entry.size, 1, 1] }],
    ['another type', { dtype: 'F64' }],
  ])('is refused if a tensor has %s', (_, change) => {
    const name = `parameters/${entry.name}`;
    const tensors = good();
    const wrong = { ...tensors, [name]: { ...tensors[name], ...change } as StateTensor };
    expect(() => collectVectors(model, wrong)).toThrow(
      `the checkpoint holds no ${name} of shape [${entry.shape.join(', ')}]`,
    );
  });

  it('is refused if it has another number of scalars', () => {
    const wrong = { ...good(), scalars: { dtype: 'F64', shape: [2], data: new Float64Array(2) } as const };
    expect(() => collectVectors(model, wrong)).toThrow('no scalars of this version');
  });

  it('has a stable code', () => {
    expect(new StateMismatchError('x')).toMatchObject({ code: 'checkpoint-mismatch', name: 'StateMismatchError' });
  });

  it('does not take what objects inherit for a tensor', () => {
    expect(() => collectVectors(model, { scalars: good()['scalars'] })).toThrow(StateMismatchError);
  });
});

describe('collectParameters', () => {
  it("takes the generator's moving average where there is one", () => {
    const model = tiny.sigmoid;
    const vectors = initial(model);
    vectors.ema.fill(0);
    const parameters = collectParameters(model, nameTensors(model, vectors));
    expect(parameters.subarray(0, model.groups[0].to).every((x) => x === 0)).toBe(true);
    expect(parameters.subarray(model.groups[0].to)).toEqual(vectors.parameters.subarray(model.groups[0].to));
  });

  it('takes the parameters themselves where they are wanted', () => {
    const vectors = initial(tiny.sigmoid);
    vectors.ema.fill(0);
    const tensors = nameTensors(tiny.sigmoid, vectors);
    expect(collectParameters(tiny.sigmoid, tensors, { raw: true })).toEqual(vectors.parameters);
  });

  it('takes the parameters where there is none', () => {
    const vectors = initial(tiny.softmax);
    expect(collectParameters(tiny.softmax, nameTensors(tiny.softmax, vectors))).toEqual(vectors.parameters);
  });
});
