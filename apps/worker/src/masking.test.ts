import { describe, expect, it } from 'vitest';
import { isPrivate, zeroMask } from './masking.ts';

describe('isPrivate', () => {
  it.each([
    'ws://127.0.0.1:7070',
    'ws://localhost:7070',
    'ws://[::1]:7070',
    'wss://trainer.example:443',
    'ws+unix:/tmp/a/s:/',
  ])('holds for %s', (url) => expect(isPrivate(url)).toBe(true));

  it.each(['ws://10.0.0.7:7070', 'ws://trainer.example', 'ws://127.0.0.1.example:7070', 'ws://[2001:db8::1]:7070'])(
    'does not hold for %s',
    (url) => expect(isPrivate(url)).toBe(false),
  );
});

describe('zeroMask', () => {
  it('overwrites what the mask held', () => {
    const mask = Buffer.of(1, 2, 3, 4);
    zeroMask(mask);
    expect([...mask]).toEqual([0, 0, 0, 0]);
  });
});
