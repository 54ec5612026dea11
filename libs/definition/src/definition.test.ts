import { describe, expect, it } from 'vitest';
import {
  completedDefinition,
  DEFINITION_FLAGS,
  DEFINITION_KEYS,
  definitionOf,
  differences,
  earlierValue,
  flagDefault,
  flagsOf,
  isSameDefinition,
  recordedFlags,
  recordedPreset,
  storedFault,
} from './definition.ts';
import type { TaskNumbers } from './entry.ts';
import { EXAMPLE } from './example.ts';

const TASK = {
  microBatch: 64,
  microBatches: 2,
  optimizer: { learningRate: 0.25, beta1: 0.5, beta2: 0.75, epsilon: 1e-7 },
};
/** What every run has had from the beginning; it never changes. */
const FIRST_KEYS = ['preset', 'seed', 'microBatchSize', 'microBatches', 'learningRate', 'codec', 'dataset'];
const without = (...keys: readonly string[]) =>
  Object.fromEntries(Object.entries(EXAMPLE).filter(([key]) => !keys.includes(key)));
/** As a run of the first ledgers has it. */
const FIRST = without(...DEFINITION_KEYS.filter((key) => !FIRST_KEYS.includes(key)));

describe('a definition', () => {
  it('is written in an order that never changes: its bytes are hashed', () => {
    const wanted = `{"preset":"dcgan","seed":1,"microBatchSize":32,"microBatches":4,"learningRate":0.0005,"codec":"f32","dataset":"${'ab'.repeat(32)}","task":null`;
    const shuffled = Object.fromEntries(Object.entries(EXAMPLE).reverse()) as typeof EXAMPLE;
    expect(JSON.stringify(definitionOf(shuffled)).slice(0, wanted.length)).toBe(wanted);
  });

  it('comes without what else its holder has', () => {
    expect(definitionOf({ ...EXAMPLE, incarnation: 3 } as typeof EXAMPLE)).toEqual(EXAMPLE);
  });

  it('is the same as another only if every entry is', () => {
    expect(isSameDefinition(EXAMPLE, { ...EXAMPLE })).toBe(true);
    for (const key of DEFINITION_KEYS) expect(isSameDefinition(EXAMPLE, { ...EXAMPLE, [key]: 'other' })).toBe(false);
  });
});

describe('an earlier record', () => {
  it('is completed by what runs of its time had', () => {
    expect(completedDefinition(FIRST as typeof EXAMPLE, TASK)).toEqual(EXAMPLE);
  });

  it('has what nobody sets where an entry says so, if its task is known', () => {
    const flag = { name: 'x', group: 'What to train', help: '' } as const;
    const own = { ...flag, default: ({ optimizer }: TaskNumbers) => optimizer.beta2 ?? null };
    expect(earlierValue({ before: 'default', flag: { ...flag, default: 3 } }, TASK)).toBe(3);
    expect(earlierValue({ before: 'default', flag: own }, TASK)).toBe(0.75);
    expect(earlierValue({ before: 'default', flag: own }, undefined)).toBeUndefined();
    expect(earlierValue({ before: { value: 7 }, flag: own }, undefined)).toBe(7);
    expect(earlierValue({ flag: own }, TASK)).toBeUndefined();
  });

  it('has the presets of its time by their names of now', () => {
    const before = { ...FIRST, preset: 'mnist' } as typeof EXAMPLE;
    expect(completedDefinition(before, TASK).preset).toBe('dcgan');
    expect(recordedPreset(before)).toBe('dcgan');
    expect(recordedFlags(before)).toMatchObject({ preset: 'dcgan' });
    expect(differences(before, EXAMPLE, TASK)).toEqual([]);
    const now = { ...EXAMPLE, preset: 'mnist' };
    expect(completedDefinition(now, TASK)).toEqual(now);
    expect(recordedPreset(now)).toBe('mnist');
    for (const name of ['classic', 'toString', 3]) expect(recordedPreset({ ...FIRST, preset: name })).toBe(name);
    expect([undefined, null, 'text', {}].map(recordedPreset)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it.each(DEFINITION_KEYS)('is refused if its %s is nothing of the kind', (key) => {
    expect(storedFault({ ...EXAMPLE, [key]: -1.5 })).toBe(key);
    expect(storedFault({ ...EXAMPLE, other: 1 })).toBeUndefined();
    expect(storedFault(without(key))).toBe(FIRST_KEYS.includes(key) ? key : undefined);
  });
});

describe('differences', () => {
  it('are none between a run and itself, written now or before', () => {
    expect(differences(EXAMPLE, EXAMPLE, TASK)).toEqual([]);
    expect(differences(FIRST, EXAMPLE, TASK)).toEqual([]);
  });

  it('are all told, with the flags that change them', () => {
    const other = {
      ...EXAMPLE,
      preset: 'classic',
      seed: 2,
      microBatchSize: 16,
      microBatches: 8,
      learningRate: 0.25,
      codec: 'int8',
      dataset: 'cd'.repeat(32),
      task: 'ef'.repeat(32),
    };
    expect(differences(other, EXAMPLE, TASK).map(({ sentence }) => sentence)).toEqual([
      'preset is "classic" there and "dcgan" here (--preset)',
      'seed is 2 there and 1 here (--seed)',
      'size of a micro-batch is 16 there and 32 here (--global-batch, --micro-batches)',
      'number of micro-batches is 8 there and 4 here (--global-batch, --micro-batches)',
      'learning rate is 0.25 there and 0.0005 here (--lr)',
      'codec is "int8" there and "f32" here (--codec)',
      `SHA-256 of the data set is "${other.dataset}" there and "${EXAMPLE.dataset}" here (--data)`,
      `SHA-256 of the task's files is "${other.task}" there and none here (--task)`,
    ]);
  });

  it('are told of what is no record at all, but not of what came later', () => {
    for (const record of [undefined, null, 'text', [], {}]) {
      const keys = differences(record, EXAMPLE, TASK).map(({ key }) => key);
      expect(keys).toEqual(FIRST_KEYS);
    }
    const [{ sentence }] = differences(without('seed'), EXAMPLE, TASK);
    expect(sentence).toBe('seed is not known there and 1 here (--seed)');
  });
});

describe('flags', () => {
  it("have one default or the task's", () => {
    const defaults = DEFINITION_FLAGS.map((flag) => [flag.name, flagDefault(flag, TASK)]);
    const wanted = { preset: 'mnist', seed: 0, 'micro-batches': 2, lr: 0.25, codec: 'f32' };
    expect(Object.fromEntries(defaults)).toMatchObject(wanted);
  });

  it('come out of a definition, and out of what a run recorded as far as it did', () => {
    const flags = { preset: 'dcgan', seed: 1, 'micro-batches': 4, lr: 0.0005, codec: 'f32' };
    expect(flagsOf(EXAMPLE)).toMatchObject(flags);
    expect(recordedFlags(FIRST)).toMatchObject(flags);
    const before = {
      'lr-schedule': 'constant',
      'warmup-images': 0,
      'lr-end-factor': 0,
      'clip-norm': 0,
      'average-images': 0,
      'early-stop': 'none',
      'early-stop-patience': 5,
      'early-stop-min-delta': 0,
    };
    expect(recordedFlags({ seed: 5, length: 3 })).toEqual({ seed: 5, ...before });
    expect(recordedFlags({ 'lr-schedule': 'linear', lrSchedule: 'cosine' })).toEqual({
      ...before,
      'lr-schedule': 'cosine',
    });
    expect(recordedFlags(null)).toEqual(before);
  });
});
