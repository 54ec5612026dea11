import { describe, expect, it } from 'vitest';
import { savedModel } from './graph-def.ts';
import type { AttributeValue, GraphNode } from './graph-def.ts';

function hex(nodes: readonly GraphNode[]): string {
  return Buffer.from(savedModel(nodes)).toString('hex');
}

/** A length and what it counts. */
function sized(...parts: string[]): string {
  const text = parts.join('');
  return (text.length / 2).toString(16).padStart(2, '0') + text;
}

function text(value: string): string {
  return Buffer.from(value).toString('hex');
}

/** schema_version 1, then one meta graph of the tag `serve`, its graph and the graph's version. */
function file(nodes: string): string {
  const tag = '0a' + sized('22' + sized(text('serve')));
  const graph = '12' + sized(nodes, '22' + sized('08f30a'));
  return '0801' + '12' + sized(tag, graph);
}

describe('savedModel', () => {
  it('holds a tag and a version even without nodes', () => {
    expect(hex([])).toBe(file(''));
  });

  it('names a node, its op and its inputs', () => {
    const node =
      '0a' + sized(text('n')) + '12' + sized(text('Add')) + '1a' + sized(text('a:0')) + '1a' + sized(text('b:1'));
    expect(hex([{ name: 'n', op: 'Add', inputs: ['a:0', 'b:1'], attributes: {} }])).toBe(file('0a' + sized(node)));
  });

  it.each<[string, AttributeValue, string]>([
    ['an integer', { int: 5 }, '1805'],
    ['integers', { int: [1, 2, 2, 1] }, '0a06' + '1a0401020201'],
    ['a float', { float: 0.5 }, '250000003f'],
    ['floats', { float: [0.5] }, '0a06' + '22040000003f'],
    ['true', { bool: true }, '2801'],
    ['false', { bool: false }, '2800'],
    ['booleans', { bool: [true, false] }, '0a04' + '2a020100'],
    ['a string', { string: 'NHWC' }, '12044e485743'],
    ['a type', { type: 1 }, '3001'],
    ['a shape', { shape: [2, 3] }, '3a08' + '12020802' + '12020803'],
    ['a scalar shape', { shape: [] }, '3a00'],
    [
      'a tensor',
      { tensor: { type: 3, shape: [1], content: Uint8Array.of(7, 0, 0, 0) } },
      '420e' + '0803' + '1204' + '12020801' + '220407000000',
    ],
  ])('writes %s as an attribute', (_, value, bytes) => {
    const attribute = '2a' + sized('0a' + sized(text('k')), '12' + sized(bytes));
    const node = '0a' + sized(text('n')) + '12' + sized(text('Op')) + attribute;
    expect(hex([{ name: 'n', op: 'Op', inputs: [], attributes: { k: value } }])).toBe(file('0a' + sized(node)));
  });
});
