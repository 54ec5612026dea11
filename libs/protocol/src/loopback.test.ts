import { describe, expect, it } from 'vitest';
import { isLoopback } from './loopback.ts';

describe('isLoopback', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.10', '::1', '[::1]'])('takes %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    '',
    '0.0.0.0',
    '::',
    '[::]',
    '10.0.0.1',
    '128.0.0.1',
    '127.0.0',
    '127.0.0.1.',
    '127.0.0.1.example',
    'localhost.',
    'LOCALHOST.evil',
    'host',
  ])('refuses %j', (host) => expect(isLoopback(host)).toBe(false));
});
