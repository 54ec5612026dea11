import { describe, expect, it } from 'vitest';
import type { Binding, OpAttribute } from './binding.ts';
import { Recorder } from './recorder.ts';

/** Kinds of attributes, and the type float, as numbers of their own. */
const KINDS = { TF_ATTR_STRING: 0, TF_ATTR_INT: 1, TF_ATTR_FLOAT: 2, TF_ATTR_BOOL: 3, TF_ATTR_TYPE: 4, TF_FLOAT: 1 };

/** A binding that only hands out ids, from 10. */
function fakeBinding(): Binding {
  let next = 10;
  const fake = {
    ...KINDS,
    createTensor: () => next++,
    executeOp: (_op: string, _attributes: OpAttribute[], _inputs: number[], count: number) =>
      Array.from({ length: count }, () => ({ id: next++, shape: [2], dtype: 1 })),
  };
  return fake as unknown as Binding;
}

const x = { id: 1, shape: [2], dtype: 1 };

describe('Recorder', () => {
  it('turns calls of the binding into nodes that name what they take', () => {
    const { binding, ...recorder } = recorderOf();
    const recording = recorder.record([x], () => {
      const constant = binding.createTensor([1], 3, Int32Array.of(7));
      const [first, second] = binding.executeOp('Split', [], [x.id, constant], 2);
      return binding.executeOp('Sub', [], [second.id, first.id], 1).map(({ id }) => id);
    });
    expect(recording.nodes.map(({ name, inputs }) => [name, inputs])).toEqual([
      ['Placeholder_0', []],
      ['Const_1', []],
      ['Split_2', ['Placeholder_0:0', 'Const_1:0']],
      ['Sub_3', ['Split_2:1', 'Split_2:0']],
      ['output_0', ['Sub_3:0']],
    ]);
    expect(recording.nodes[1].attributes).toEqual({
      dtype: { type: 3 },
      value: { tensor: { type: 3, shape: [1], content: Uint8Array.of(7, 0, 0, 0) } },
    });
    expect(recording).toMatchObject({ inputs: ['Placeholder_0:0'], outputs: ['output_0:0'] });
  });

  it('asks for an output once and not at all for an input', () => {
    const { binding, ...recorder } = recorderOf();
    const { leaves, outputs } = recorder.record([x], () => {
      const [{ id }] = binding.executeOp('Neg', [], [x.id], 1);
      return [id, x.id, id];
    });
    expect(outputs).toEqual(['output_0:0']);
    expect(leaves).toEqual([
      { from: 'outputs', place: 0 },
      { from: 'inputs', place: 0 },
      { from: 'outputs', place: 0 },
    ]);
  });

  it('keeps a constant as it was, whatever becomes of its array', () => {
    const { binding, ...recorder } = recorderOf();
    const values = Float32Array.of(1, 2, 3).subarray(1);
    const { nodes } = recorder.record([], () => [binding.createTensor([2], 1, values)]);
    values.fill(0);
    const { value } = nodes[0].attributes;
    expect(value).toMatchObject({ tensor: { content: new Uint8Array(Float32Array.of(2, 3).buffer) } });
  });

  it.each<[OpAttribute, object]>([
    [{ name: 'a', type: KINDS.TF_ATTR_INT, value: [1, 2] }, { int: [1, 2] }],
    [{ name: 'a', type: KINDS.TF_ATTR_FLOAT, value: 0.2 }, { float: 0.2 }],
    [{ name: 'a', type: KINDS.TF_ATTR_BOOL, value: true }, { bool: true }],
    [{ name: 'a', type: KINDS.TF_ATTR_STRING, value: 'NHWC' }, { string: 'NHWC' }],
    [{ name: 'a', type: KINDS.TF_ATTR_TYPE, value: 1 }, { type: 1 }],
  ])('takes the attribute %o', (attribute, expected) => {
    const { binding, ...recorder } = recorderOf();
    const { nodes } = recorder.record([x], () => binding.executeOp('Op', [attribute], [x.id], 1).map(({ id }) => id));
    expect(nodes[1].attributes).toEqual({ a: expected });
  });

  it('refuses what it cannot write down, and records again afterwards', () => {
    const { binding, ...recorder } = recorderOf();
    const run = (attributes: OpAttribute[], input: number) => () =>
      recorder.record([x], () => binding.executeOp('Op', attributes, [input], 1).map(({ id }) => id));
    expect(run([{ name: 'shape', type: 9, value: [1] }], x.id)).toThrow('attribute shape is of a kind (9)');
    expect(run([], 5)).toThrow('a tensor that it was not given');
    expect(() => recorder.record([], () => run([], x.id)().inputs.map(() => 0))).toThrow('part of another');
    expect(run([], x.id)().nodes).toHaveLength(3);
  });
});

function recorderOf(): Pick<Recorder, 'binding' | 'record'> {
  const recorder = new Recorder(fakeBinding());
  return { binding: recorder.binding, record: (inputs, body) => recorder.record(inputs, body) };
}
