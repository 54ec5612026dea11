import { expect, test } from 'vitest';
import { coresIn } from './machine.ts';
import { tableOf } from './report.ts';

test('a table is Markdown, its columns as wide as their widest cell', () => {
  const rows = [
    ['codec', 'ms'],
    ['f32', 12.5],
    ['a long name', ''],
  ];
  expect(tableOf(rows).split('\n')).toEqual([
    '| codec       | ms   |',
    '| ----------- | ---- |',
    '| f32         | 12.5 |',
    '| a long name |      |',
  ]);
});

test.each([
  ['0', [0]],
  ['0-2,5', [0, 1, 2, 5]],
  ['3,7-8', [3, 7, 8]],
])('cores %s', (list, expected) => expect(coresIn(list)).toEqual(expected));
