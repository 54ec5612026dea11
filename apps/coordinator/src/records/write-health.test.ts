import { describe, expect, it } from 'vitest';
import { WriteHealth } from './write-health.ts';

describe('WriteHealth', () => {
  it('counts every failure, and tells the first of a row and the end of it', () => {
    const counted: string[] = [];
    const told: string[] = [];
    const health = new WriteHealth({ count: (file) => counted.push(file), notice: (each) => told.push(each) });
    health.written('ledger');
    health.failed('checkpoint', 'the disk is full');
    health.failed('checkpoint', 'the disk is full');
    health.of('ledger').failed(Object.assign(new Error('no room'), { name: 'RunError' }) as never);
    health.written('checkpoint');
    health.failed('checkpoint', 'full again');
    expect(counted).toEqual(['checkpoint', 'checkpoint', 'ledger', 'checkpoint']);
    expect(told).toEqual([
      'the disk is full. Training goes on; writing it is tried again',
      'no room. Training goes on; writing it is tried again',
      'a checkpoint could be written again',
      'full again. Training goes on; writing it is tried again',
    ]);
  });
});
